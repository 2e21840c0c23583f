#!/bin/sh
# run_guarded.sh PARENT DIR COMMAND...
# Runs a server in a session of its own, with its output in DIR/out.log, its process id in DIR/pid and at the end its exit
# status in DIR/exit. When PARENT (a process id) is gone, the server and all that it started are killed: a test process that
# was killed leaves nothing behind.
parent=$1
dir=$2
shift 2
setsid "$@" >>"$dir/out.log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid"
(
  while kill -0 "$parent" 2>/dev/null && kill -0 "$pid" 2>/dev/null; do sleep 1; done
  kill -9 "-$pid" 2>/dev/null
) &
watcher=$!
wait "$pid"
status=$?
kill "$watcher" 2>/dev/null
echo "$status" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
