"""A clock that is shifted for one process and its children: what they write must not depend on the day."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

DAYS = -400  # into the past: what is kept between runs is thrown away when it is old
SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

static const time_t SHIFT = %d * 86400L;

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += SHIFT;
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (result == 0) now->tv_sec += SHIFT;
    return result;
}

time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now != NULL) *now = found.tv_sec;
    return found.tv_sec;
}
"""


def other_day(folder: Path) -> dict[str, str] | None:
    """Return the environment in which it is another day, by a library built in `folder`; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None or not Path("/proc/self/maps").exists():
        return None
    source, library = folder / "other_day.c", folder / "other_day.so"
    source.write_text(SOURCE % DAYS, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}
