#!/bin/sh
# Stands for the migration tool: a line in the history for each version.
set -eu
mkdir -p db
from=$(cat db/schema 2>/dev/null || echo 0)
version=$from
while [ "$version" -lt "$SCHEMA" ]; do
	version=$((version + 1))
	echo "$version" >>db/history
done
echo "$version" >db/schema
echo "migrated from $from to $version"
