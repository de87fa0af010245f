# Stands for fetching and unpacking the release. It is done in a folder beside,
# which becomes the release only when all of it is there.
set -eu
mkdir -p app
rm -rf "app/.$RELEASE"
mkdir "app/.$RELEASE"
echo "echo $RELEASE is up" >"app/.$RELEASE/health"
case $RELEASE in
*broken*) echo 'echo "no answer on port 8080" >&2; exit 1' >"app/.$RELEASE/health" ;;
esac
mv "app/.$RELEASE" "app/$RELEASE"
echo "unpacked $RELEASE"
