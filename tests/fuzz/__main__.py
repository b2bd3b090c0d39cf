"""`make fuzz`: random files against tokenizer, readers, checker and answers, a process a target.

    python tests/fuzz                      every target, FUZZ_SECONDS each (60)
    python tests/fuzz 835 271              some of them

A line says of each target how many files it was given, the processor time of the slowest one, and
the memory of the process after its first files and at its end: it must not grow. What breaks a
property is kept in `tests/fuzz/crashers/TARGET/` and stays there as a regression test
(`tests/unit/rcm_x12/test_crashers.py`). Needs atheris, which has wheels for Linux only.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
RSS_MB = 1024
"""Far above what a small file may take; more means that memory is not flat."""
INPUT_BYTES = 8192
WARM = 1_000
"""Files until everything is imported, compiled and remembered that a target needs."""
WORDS = (
    "ISA GS ST BHT HL NM1 N3 N4 REF PER TRN STC SVC DTP DMG EQ EB HSD MSG III LS LE AAA INS AMT QTY"
    " CLM SBR HI LX SV1 CAS SVD CLP BPR PLB MOA N1 LQ AK1 AK2 IK3 IK4 CTX IK5 AK9 TA1 SE GE IEA *"
    " ~ : ^ ** *:* 005010X222A1 005010X221A1 005010X279A1 005010X212 005010X214 005010X231A1 20"
    " 21 22 23 D8 RD8 20260201 20260201-20260131 -0 .5 1. 999999999999999999"
)


def main() -> int:
    sys.path.insert(0, str(TESTS))
    if os.environ.get("FUZZ_TARGET"):
        _fuzz(os.environ["FUZZ_TARGET"])
    import x12_targets  # noqa: PLC0415 - the fuzzing process imports it instrumented

    names = sys.argv[1:] or list(x12_targets.TARGETS)
    seeds = x12_targets.seeds()
    print(f"{'target':10} {'files':>9}  {'slowest':>7}  {'memory':>16}  properties", flush=True)
    return max(_run(name, seeds) for name in names)


def _run(name: str, seeds: dict[str, bytes]) -> int:
    """One target in a process of its own; prints what it did."""
    crashers = HERE / "crashers" / name
    crashers.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        corpus, words, notes = (Path(scratch, one) for one in ("corpus", "words", "notes"))
        corpus.mkdir()
        for kind, content in seeds.items():
            corpus.joinpath(kind).write_bytes(content)
        words.write_text("".join(f'"{word}"\n' for word in WORDS.split()))
        command = [
            sys.executable,
            str(HERE),
            f"-max_total_time={SECONDS}",
            "-timeout=30",
            f"-rss_limit_mb={RSS_MB}",
            f"-max_len={INPUT_BYTES}",
            f"-dict={words}",
            f"-artifact_prefix={crashers}/",
            "-print_final_stats=1",
            "-verbosity=0",
            str(corpus),
        ]
        environment = {**os.environ, "FUZZ_TARGET": name, "FUZZ_NOTES": str(notes)}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
        noted = json.loads(notes.read_text()) if notes.exists() else {}
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    files = stats.get("number_of_executed_units") or noted.get("files", "?")
    slowest = f"{noted['slowest_s'] * 1000:.0f} ms" if noted else "?"
    memory = f"{noted['warm_mb']:.0f} to {noted['mb']:.0f} MB" if noted else "?"
    verdict = "hold" if done.returncode == 0 else f"BROKEN, see {crashers}"
    print(f"{name:10} {files:>9}  {slowest:>7}  {memory:>16}  {verdict}", flush=True)
    if done.returncode:
        print(_traceback(done.stdout), file=sys.stderr)
    elif not any(crashers.iterdir()):
        crashers.rmdir()
    return min(done.returncode, 1)


def _traceback(output: str) -> str:
    """What atheris says of the exception that ended it."""
    return output[output.find("=== Uncaught Python exception") :][:3000]


def _fuzz(name: str) -> None:
    import atheris  # noqa: PLC0415 - only the fuzzing process needs it

    with atheris.instrument_imports(include=["rcm_x12"]):
        import x12_targets  # noqa: PLC0415
    target, meter = x12_targets.TARGETS[name], _Meter(Path(os.environ["FUZZ_NOTES"]))
    atheris.Setup(
        sys.argv, lambda content: meter.measure(lambda: x12_targets.holds(target, content))
    )
    atheris.Fuzz()


class _Meter:
    """Notes slowest file and memory as it goes, since libFuzzer's end runs no more Python."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._files = 0
        self._slowest_s = 0.0
        self._warm_mb = 0.0

    def measure(self, work: Callable[[], None]) -> None:
        started = time.process_time()
        try:
            work()
        finally:
            self._files += 1
            self._slowest_s = max(self._slowest_s, time.process_time() - started)
            if self._files % WARM == 0:
                self._note()

    def _note(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory_mb = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        self._warm_mb = self._warm_mb or memory_mb
        form = {
            "files": self._files,
            "slowest_s": self._slowest_s,
            "warm_mb": self._warm_mb,
            "mb": memory_mb,
        }
        self._notes.write_text(json.dumps(form))


if __name__ == "__main__":
    sys.exit(main())
