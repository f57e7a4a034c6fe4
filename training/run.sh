#!/bin/sh
# Train the smallest chat model by SFT, then DPO, and evaluate it before and after each. The same command resumes.
#   training/run.sh [--cpu | --gpu] [--out OUT]
set -eu
cd "$(dirname "$0")/.."
make --no-print-directory .venv-training/.ready
exec .venv-training/bin/python -m training.run "$@"
