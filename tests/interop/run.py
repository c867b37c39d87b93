"""Runs a program of this folder, and ends the process with it, without finalising the interpreter.

Threads of the SDK's core still enter the interpreter while it finalises, which aborts the process
(`PyGILState_Release: thread state must be current when releasing`).
"""

import os
import runpy
import sys
import traceback


def run(program: str) -> int:
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


sys.argv = sys.argv[1:]
code = run(sys.argv[0])
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
