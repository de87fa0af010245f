# The migration: what stands here is curl in the place of a real tool, which would
# be told the address of the database in the same way.
set -eu
curl -fsS -X PUT --data "$SCHEMA" "http://$DATABASE/schema"
