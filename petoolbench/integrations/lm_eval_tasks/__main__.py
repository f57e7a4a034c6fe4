"""Print the folder of the tasks: lm_eval --include_path "$(python -m petoolbench.integrations.lm_eval_tasks)"."""

import sys
from pathlib import Path

sys.stdout.write(f"{Path(__file__).parent}\n")
