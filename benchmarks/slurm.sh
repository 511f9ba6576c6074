#!/usr/bin/env bash
# launch/slurm.sbatch on a real SLURM of this one machine, started for it alone:
#   apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge
#   PYTHON=.venv/bin/python benchmarks/slurm.sh
# The runs of one array, two processes each: the first is left alone, the others
# are taken away in the middle; what is requeued must end with the same bits.
# As root. The daemons end with it, and nothing of them is left.
set -euo pipefail

PYTHON=${PYTHON:-.venv/bin/python}
STEPS=${STEPS:-400}
NAMES=(whole usr1 cancelled term)

fail() {
  echo "slurm.sh: $*" >&2
  exit 1
}

cd "$(dirname "$0")/.."
for command in munged slurmctld slurmd srun "$PYTHON"; do
  command -v "$command" >/dev/null || fail "$command is missing: see the top."
done
((EUID == 0)) || fail 'only root may be slurmd.'

folder=$(mktemp -d /tmp/slurm.XXXXXX)
chmod 755 "$folder" # munge wants its socket within everyone's reach
mkdir "$folder/munge" "$folder/state" "$folder/spool"
daemons=()

end() {
  code=$?
  set +e
  trap - EXIT
  scancel --quiet --user=root 2>/dev/null
  for _ in {1..60}; do # steps are no children of ours and end before slurmd
    [[ $(squeue --noheader 2>/dev/null) ]] || break
    sleep 0.5
  done
  kill "${daemons[@]}" 2>/dev/null
  wait
  if ((code)); then tail -n 40 "$folder"/*.log "$folder"/*.out >&2; fi
  rm -rf "$folder"
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT TERM

export SLURM_CONF=$folder/slurm.conf
host=$(hostname -s)
cat >"$SLURM_CONF" <<END
ClusterName=check
SlurmctldHost=$host
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=5
SlurmdParameters=config_overrides
MinJobAge=3600
NodeName=$host CPUs=16
PartitionName=all Nodes=$host Default=YES State=UP
END
head -c 128 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
munged --foreground --key-file="$folder/munge/key" \
  --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
  --seed-file="$folder/munge/seed" --log-file="$folder/munge/log" --force \
  >"$folder/munged.log" 2>&1 &
daemons+=($!)
slurmctld -D >"$folder/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D >"$folder/slurmd.log" 2>&1 &
daemons+=($!)
for _ in {1..60}; do
  [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]] && break
  sleep 0.5
done
[[ $(sinfo --noheader --format=%T) == idle ]] || fail 'SLURM does not start.'

# What SLURM knows of an element: field 1 NumNodes
field() {
  scontrol show job "${array}_$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

await() { # element state
  for _ in {1..1200}; do
    [[ $(field "$1" JobState) == "$2" ]] && return
    sleep 0.5
  done
  fail "${NAMES[$1]} is $(field "$1" JobState) and never $2."
}

interrupt() { # element arguments of scancel
  local checkpoints=$folder/${NAMES[$1]}/checkpoints
  for _ in {1..1200}; do
    if [[ -e $checkpoints/$((STEPS / 4)) ]]; then
      scancel "${@:2}" "${array}_$1"
      return
    fi
    sleep 0.1
  done
  fail "${NAMES[$1]} writes no checkpoint."
}

resume() { # element
  await "$1" PENDING
  # A requeued job waits for two minutes.
  scontrol update "JobId=${array}_$1" StartTime=now
  await "$1" COMPLETED
}

for name in "${NAMES[@]}"; do
  echo "experiments.source_only --dataset=digits --backbone=mlp" \
    "--steps=$STEPS --checkpoint_every=$((STEPS / 4))" \
    "--eval_every=$((STEPS / 4)) --baseline=none --noreport" \
    "--workdir=$folder/$name"
done >"$folder/runs.txt"
export JAX_PLATFORMS=cpu PYTHON
# All at once: scancel refuses the signal for one while others are pending. The
# last has the number of the array.
array=$(sbatch --parsable --array=0-3 --gpus-per-node=0 --cpus-per-task=2 \
  --ntasks-per-node=2 --output="$folder/%a.out" launch/slurm.sbatch \
  "$folder/runs.txt")
interrupt 1 --signal=USR1 --full
interrupt 2
interrupt 3 --signal=TERM
await 2 CANCELLED
resume 1
resume 3
await 0 COMPLETED

sinfo --version
code=0
expected=(0 1 0 1)
for element in "${!NAMES[@]}"; do
  restarts=$(field "$element" Restarts)
  printf '%s: %s, restarts: %s\n' "${NAMES[$element]}" \
    "$(field "$element" JobState)" "$restarts"
  ((restarts == expected[element])) || code=1
done
[[ $(field 2 JobState) == CANCELLED ]] || code=1
for name in usr1 term; do
  "$PYTHON" -m benchmarks.same "$folder/whole" "$folder/$name" || code=1
done
((code == 0))
