# shellcheck shell=bash
# files.sh: the rows about "fleet push" and "fleet pull". Read by bench.sh after
# figures.sh, alone.sh and tunnels.sh.

file_bench() { # name: output of that benchmark, in a file of results
	FLEET=$PWD/bin/fleet FLEET_BENCH_QUICK=$QUICK gobench "Files$1\$" -test.benchtime 1x -test.v >"$RESULTS/files-$1.txt" 2>&1
}

of_files() { figure "$RESULTS/files-$1.txt" "BenchmarkFiles$1" "$2"; } # name unit

row_files() {
	files_many
	files_tree
	files_far
}

files_many() {
	local t=Many way fleet peer peak goal
	file_bench $t
	for way in push pull; do
		fleet=$(of_files $t fleet-$way-cpu-s) peer=$(of_files $t scp-$way-cpu-s) goal=''
		[ $way = pull ] || goal='<= 0.38'
		row "$way, $FILE_SIZE MB x $FILE_HOSTS hosts, checksums on: client CPU, against scp" "$(unit "$fleet" s)" "$(unit "$peer" s)" \
			"$(quotient "$fleet" "$peer")" "$goal" "$([ -z "$goal" ] || within "$(quotient "$fleet" "$peer")" 0.38)"
		peak=$(of_files $t fleet-$way-peak-MB)
		row "the same: peak RSS, of one scp or its ssh" "$(unit "$peak" MB 0)" "$(unit "$(of_files $t scp-$way-peak-MB)" MB 0)" "" "< 64 MB" "$(met "${peak:-999} < 64")"
		fleet=$(of_files $t fleet-$way-s) peer=$(of_files $t scp-$way-s)
		row "the same: wall, servers on the same processors" "$(unit "$fleet" s)" "$(unit "$peer" s)" "$(quotient "$fleet" "$peer")"
	done
	row "push, the same again, nothing to do: wall, client CPU" "$(unit "$(of_files $t fleet-again-s)" s), $(unit "$(of_files $t fleet-again-cpu-s)" s)"
}

files_tree() {
	local t=Tree way state what goal fleet peer
	file_bench $t
	for way in push pull; do
		for state in new same; do
			what='all new' goal=''
			[ $state = new ] || what='nothing changed'
			[ $way = pull ] || goal='<= 1'
			fleet=$(of_files $t fleet-$way-$state-s) peer=$(of_files $t rsync-$way-$state-s)
			row "$way, a tree of $TREE_FILES small files, 20 ms, $what: wall, against rsync" "$(unit "$fleet" s)" "$(unit "$peer" s)" \
				"$(quotient "$fleet" "$peer")" "$goal" "$([ -z "$goal" ] || within "$(quotient "$fleet" "$peer")" 1)"
		done
	done
}

files_far() {
	local t=Far way goal fleet peer size
	file_bench $t
	size=$(of_files $t MB)
	for way in push pull; do
		goal=''
		[ $way = pull ] || goal='>= 3'
		fleet=$(quotient "$size" "$(of_files $t fleet-$way-s)") peer=$(quotient "$size" "$(of_files $t scp-$way-s)")
		row "$way, one file of $(whole "$size") MB, 100 ms: rate with the login, against scp" "$(unit "$fleet" MB/s 1)" "$(unit "$peer" MB/s 1)" \
			"$(quotient "$fleet" "$peer")" "$goal" "$([ -z "$goal" ] || at_least "$(quotient "$fleet" "$peer")" 3)"
	done
}
