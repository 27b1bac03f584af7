"""Mends `time.sleep` in Python processes whose clock libfaketime sets: version 0.9.10 refuses how Python waits."""

import os
import select
import time

if 'faketime' in os.environ.get('LD_PRELOAD', ''):
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None
