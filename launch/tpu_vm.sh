#!/usr/bin/env bash
# All workers of a Cloud TPU VM; the run's folder is on the first one:
#   launch/tpu_vm.sh create
#   launch/tpu_vm.sh experiments.dann --dataset=digits --workdir=runs/digits
#   launch/tpu_vm.sh stop     saves; the same command goes on
#   launch/tpu_vm.sh fetch    copies runs/ from there, before
#   launch/tpu_vm.sh delete
set -euo pipefail

# What to edit, or to set in the environment:
NAME=${NAME:-da-jax}
ZONE=${ZONE:-us-central2-b}
TYPE=${TYPE:-v4-32}

tpu() {
  gcloud compute tpus tpu-vm "$@" --zone="$ZONE"
}

on_all_workers() {
  tpu ssh "$NAME" --worker=all --command="$1"
}

case ${1:?a command or a module} in
  create)
    tpu create "$NAME" --accelerator-type="$TYPE" --version=tpu-ubuntu2204-base
    folder=${TMPDIR:-/tmp}
    git rev-parse HEAD >"$folder/REVISION"
    git archive --prefix=da_jax/ --add-file="$folder/REVISION" HEAD |
      gzip >"$folder/da_jax.tar.gz"
    tpu scp "$folder/da_jax.tar.gz" "$NAME": --worker=all
    on_all_workers 'tar xzf da_jax.tar.gz && curl -LsSf https://astral.sh/uv/install.sh | sh && cd da_jax && ~/.local/bin/uv venv --python 3.11 .venv && ~/.local/bin/uv pip install -e ".[tpu]"'
    ;;
  stop)
    # The brackets keep the shell that looks for it from finding itself.
    on_all_workers 'pkill -TERM -f "[p]ython -m experiments" || true'
    ;;
  fetch)
    tpu scp "$NAME":da_jax/runs . --worker=0 --recurse
    ;;
  delete)
    tpu delete "$NAME"
    ;;
  *)
    # The flags go through the shells of the workers.
    printf -v run '%q ' "$@"
    on_all_workers "cd da_jax && DA_JAX_REVISION=\$(cat REVISION) .venv/bin/python -m $run--distributed"
    ;;
esac
