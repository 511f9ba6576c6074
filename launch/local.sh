#!/usr/bin/env bash
# Several processes on this machine, one a GPU:
#   launch/local.sh experiments.dann --dataset=digits --workdir=runs/digits
# Ends with 0, with 75 if it was preempted and saved, else with another code.
set -uo pipefail

# What to edit, or to set in the environment:
PROCESSES=${PROCESSES:-2}
PYTHON=${PYTHON:-python}
PORT=${PORT:-8476}

# A signal ends `wait`, not the processes: they save and are waited for again.
started=()
trap 'signalled=1; kill -TERM "${started[@]}" 2>/dev/null' INT TERM USR1
for ((number = 0; number < PROCESSES; number++)); do
  JAX_LOCAL_DEVICE_IDS=$number "$PYTHON" -m "$@" \
    --coordinator="127.0.0.1:$PORT" --num_processes="$PROCESSES" \
    --process_id="$number" &
  started+=($!)
done

code=0
for process in "${started[@]}"; do
  signalled=1
  while ((signalled)); do
    signalled=0
    wait "$process"
    ended=$?
  done
  # A failure says more than that the others were preempted.
  if ((ended != 0 && (code == 0 || code == 75))); then code=$ended; fi
done
exit "$code"
