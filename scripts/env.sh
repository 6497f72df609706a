# SPDX-License-Identifier: Apache-2.0
# For a shell that works with this checkout: `. scripts/env.sh` puts `octant` and the Python with the
# packages of `make setup` first in PATH, so that the guide's commands can be typed as they stand.
# Works in bash and zsh, from any folder.
oct_root=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)
for oct_folder in "$oct_root/.venv/bin" "$oct_root/${BUILD:-build/default}/bin"; do
  case ":$PATH:" in
    *":$oct_folder:"*) ;;
    *) PATH="$oct_folder:$PATH" ;;
  esac
done
export PATH
unset oct_root oct_folder
