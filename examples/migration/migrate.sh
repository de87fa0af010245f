# Stands for the migration tool: a line in the history for each version.
set -eu
mkdir -p db
v=$FROM
while [ "$v" -lt "$TO" ]; do
	v=$((v + 1))
	echo "$v" >>db/history
done
echo "$v" >db/schema
echo "migrated from $FROM to $v"
