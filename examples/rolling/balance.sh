#!/bin/sh
# Stands for what one tells a load balancer, such as "disable server app/web01"
# on HAProxy's socket: a file for each backend, and a log of what was asked for.
set -eu
mkdir -p backends
echo "$STATE" >"backends/$BACKEND"
echo "$STATE $BACKEND" >>backends.log
