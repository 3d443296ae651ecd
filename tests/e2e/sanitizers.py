# SPDX-License-Identifier: Apache-2.0
"""What the sanitizers of a sanitized build are to do: for environments that hold nothing else."""

import os

OPTIONS = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
           if name in os.environ}
