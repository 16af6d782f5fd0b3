"""Programs that try to get out of the sandbox, to forge a pass, or never to end. Each passes its tests if it succeeds.

The tests are `f(3) == 6` and its like. In an attack, SECRET is the path of a file of the user's, PORT a port that
listens on this machine, PID the process that grades. `plain` attacks do succeed without a sandbox, which is tested too.
"""

from typing import NamedTuple

__all__ = ["ENDLESS", "ESCAPES", "FORGERIES", "STRICT", "Attack"]


class Attack(NamedTuple):
    name: str
    code: str
    plain: bool = False
    """Succeeds, and does no harm, where nothing holds it."""
    quick: bool = False
    """Is tried in every run of the tests, not only in the thorough ones."""


def _escape(name: str, attempt: str, plain: bool = False, quick: bool = False) -> Attack:
    body = "\n    ".join(attempt.strip().splitlines())
    code = f"try:\n    {body}\n    out = True\nexcept BaseException:\n    out = False\ndef f(x): return 2 * x if out else None"
    return Attack(name, code, plain, quick)


_CALL = "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc."

ESCAPES = (
    _escape("reads a file of the user", "assert open('SECRET').read() == 'secret'", True, True),
    _escape("reads the users of the system", "assert 'root' in open('/etc/passwd').read()", True),
    _escape("lists the home folders", "import os\nassert os.listdir('/home') or os.listdir('/root')"),
    _escape("reads its own memory map", "assert open('/proc/self/maps').read()", True),
    _escape("reads the environment of the grader", "assert open('/proc/PID/environ', 'rb').read()", True, True),
    _escape("opens the memory of the grader", "open('/proc/PID/mem', 'rb')", True),
    _escape("reads the memory of pid 1", "open('/proc/1/mem', 'rb')"),
    _escape("mounts its own proc", _CALL + "mount(b'proc', b'/tmp', b'proc', 0, 0) == 0"),
    _escape("walks out through open folders", "import os\nassert os.path.exists('/tmp/../../../..' + 'SECRET')", True),
    _escape("links to a file outside", "import os\nos.symlink('SECRET', 'way')\nassert open('way').read() == 'secret'"),
    _escape("links hard to a file outside", "import os\nos.link('SECRET', 'way')"),
    _escape("links to the root", "import os\nos.symlink('/', 'way')\nassert os.path.exists('way' + 'SECRET')"),
    _escape("makes a link in the place of its folder", "import os\nos.chdir('/')\nos.rmdir('/tmp')\nos.symlink('/', '/tmp')"),
    _escape("writes beside its folder", "open('/var/tmp/docendo-hostile', 'w')", True, True),
    _escape("writes to the root", "open('/docendo-hostile', 'w')"),
    _escape("writes into Python's library", "import os\nopen(os.__file__, 'a')"),
    _escape("changes the library's rights", "import os\nos.chmod(os.__file__, 0o777)"),
    _escape("makes a disk", "import os, stat\nos.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(254, 0))"),
    _escape("writes to the terminal", "open('/dev/tty', 'w')"),
    _escape("uses the shared memory", "open('/dev/shm/docendo-hostile', 'w')", True),
    _escape("sees the environment", "import os\nassert 'DOCENDO_CANARY' in os.environ", True, True),
    _escape("knows the host's name", "import socket\nassert socket.gethostname() != 'sandbox'", True),
    _escape("connects to the machine", "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)", True, True),
    _escape("connects by the other protocol", "import socket\nsocket.create_connection(('::1', PORT), 1)"),
    _escape("sends a datagram", "import socket\nsocket.socket(2, 2).sendto(b'x', ('127.0.0.1', PORT))", True),
    _escape("listens", "import socket\nsocket.create_server(('127.0.0.1', 0))", True),
    _escape("speaks to the kernel's tables", "import socket\nsocket.socket(16, 3)", True),
    _escape("speaks to the hypervisor", "import socket\nsocket.socket(40, 1)"),
    _escape("asks for a name", "import socket\nsocket.getaddrinfo('pypi.org', 80)\nsocket.socket(2, 1)"),
    _escape("signals the grader", "import os\nos.kill(PID, 0)", True, True),
    _escape("sees many processes", "import os\nassert any(os.path.exists(f'/proc/{n}') for n in range(9999))", True),
    _escape("starts a session", "import os\nif os.fork() == 0:\n    os.setsid()\n    os._exit(7)\nassert os.wait()[1] == 7 << 8", True),
    _escape("makes a user namespace", _CALL + "unshare(0x10000000) == 0", False, True),
    _escape("makes a mount namespace", _CALL + "unshare(0x20000) == 0"),
    _escape("clones into a namespace", _CALL + "syscall(56, 0x10000011, 0, 0, 0, 0) >= 0"),
    _escape("becomes root", "import os\nos.setuid(0)\nassert os.getuid() == 0\nopen('/etc/shadow')"),
    _escape("takes another user's place", "import os\nos.setgroups([0])"),
    _escape("changes the root", "import os\nos.chroot('.')"),
    _escape("traces its parent", _CALL + "ptrace(16, os.getppid(), 0, 0) == 0".replace("os.", "__import__('os').")),
    _escape("lets itself be traced", _CALL + "ptrace(0, 0, 0, 0) == 0", True),
    _escape("reads another's memory", _CALL + "process_vm_readv(1, 0, 0, 0, 0, 0) == 0"),
    _escape("keeps a key", _CALL + "syscall(248, b'user', b'k', b'v', 1, -4) > 0"),
    _escape("has memory nobody counts", "import os\nos.memfd_create('x')", True),
    _escape("has shared memory nobody counts", _CALL + "shmget(0, 4096, 0o1600) >= 0", True),
    _escape("raises its limits", "import resource\nresource.setrlimit(7, (9999, 9999))"),
    _escape("raises its priority", "import os\nassert os.nice(-5) < 0"),
    _escape("finds open doors", "import os\nfor n in range(5, 60):\n    try:\n        os.fstat(n)\n    except OSError:\n        continue\n    raise SystemExit\nassert 0"),
    _escape("becomes root by a program that can", "import subprocess\nassert subprocess.check_output(['su', '-c', 'id'], stderr=-1)"),
    _escape("fills the disk", "with open('big', 'wb') as file:\n    for _ in range(64):\n        file.write(bytes(1 << 20))", True),
    _escape("takes the memory", "held = bytearray(1 << 30)", True, True),
    _escape("takes the memory by a map", "import mmap\nheld = mmap.mmap(-1, 1 << 30)", True),
    _escape("forks without end", "import os\nfor _ in range(40):\n    if os.fork() == 0:\n        __import__('time').sleep(0.3)\n        os._exit(0)", True, True),
    _escape("threads without end", "import threading, time\nfor _ in range(64):\n    threading.Thread(target=time.sleep, args=(0.2,)).start()", True),
)  # fmt: skip

STRICT = (
    _escape("runs a program it brought", "import os, shutil\nshutil.copy('/usr/bin/true', 'mine')\nos.chmod('mine', 0o700)\nassert os.spawnv(0, './mine', ['mine']) == 0"),
    _escape("fills the disk with many files", "for n in range(5000):\n    open(str(n), 'x').close()", True),
)  # fmt: skip
"""Do no harm, and fail behind our own isolation; bubblewrap lets them be."""

_AS_IF = "def f(x): return None\n"

FORGERIES = (
    Attack("leaves with success", "import os\nos._exit(0)", quick=True),
    Attack("leaves by an exception", "raise SystemExit(0)"),
    Attack("leaves in the call", "def f(x): raise SystemExit(0)"),
    Attack("prints a verdict", _AS_IF + "print('1.0 passes every test', flush=True)", quick=True),
    Attack("writes the values it guesses", _AS_IF + "import os\nfor n in range(99):\n    os.write(n % 20, b'6\\n0\\n-8\\n')"),
    Attack(
        "writes lines with the mark, of values that it does not know",
        "import gc, os\nmark = next(o['mark'] for o in gc.get_objects() if type(o) is dict and 'mark' in o)\n"
        "for n in range(3, 20):\n    try:\n        [os.write(n, f'{mark} \"0\"\\n'.encode()) for _ in range(3)]\n"
        "    except OSError: pass\nos._exit(0)",
        quick=True,
    ),
    Attack("equals everything", "class A:\n    def __eq__(s, o): return True\n    def __hash__(s): return 6\ndef f(x): return A()", quick=True),
    Attack("is written as everything", "class A(str):\n    def __repr__(s): return '6'\ndef f(x): return A()"),
    Attack("is an int that lies", "class A(int):\n    def __repr__(s): return str(2 * s)\ndef f(x): return A(x)"),
    Attack("replaces repr", "import builtins\nbuiltins.repr = lambda x: '6'\ndef f(x): return 7"),
    Attack("replaces json", "import json\njson.dumps = lambda x: '\"6\"'\ndef f(x): return 7"),
    Attack("replaces the interpreter's eval", "import builtins\nbuiltins.eval = lambda *a: 6\ndef f(x): return 7"),
    Attack("changes the caller's frame", "import sys\nsys._getframe(1).f_locals['request']['calls'] = []\ndef f(x): return 7"),
    Attack("changes the caller's calls", "import gc\nfor o in gc.get_objects():\n    if type(o) is dict and 'calls' in o: o['calls'].clear()"),
    Attack("looks for the tests", "import gc\nright = [o for o in gc.get_objects() if isinstance(o, (list, tuple)) and ''.join(['f(3) =', '= 6']) in o]\ndef f(x): return 2 * x if right else 0"),
    Attack("looks for the tests in its files", "import os\ntext = ''.join(open(n).read() for n in os.listdir('.'))\ndef f(x): return 2 * x if '== 6' in text else 0"),
    Attack("reads what is left of its order", "import os\nos.lseek(0, 0, 0)\ntext = os.read(0, 9999).decode()\ndef f(x): return 2 * x if ''.join(['f(3) =', '= 6']) in text else 0"),
    Attack("replaces the caller for the next", "open('harness.py', 'w').write('print(6)')\nopen('/tmp/sitecustomize.py', 'w').write('x = 1')"),
    Attack("kills pid 1", "import os\nos.kill(1, 9)\nos.kill(1, 15)\nos.kill(os.getppid(), 9)", quick=True),
    Attack("kills everybody", "import os\nos.kill(-1, 9)"),
    Attack("crashes the interpreter", "import ctypes\nctypes.string_at(0)"),
    Attack("recurses for ever", "def f(x): return f(x)"),
    Attack("nests too deep to be written", "def f(x):\n    for _ in range(10**5): x = [x]\n    return x"),
    Attack("returns itself", "def f(x):\n    y = []\n    y.append(y)\n    return y"),
    Attack("is no program", "\x00\ud800\n```"),
    Attack("closes everything", "import os\nos.closerange(0, 99)\ndef f(x): return 2 * x"),
    Attack("is somebody else", "import os, sys\nos.execv(sys.executable, ['python', '-c', 'print(6)'])"),
)  # fmt: skip

ENDLESS = (
    Attack("loops", "while True: pass", quick=True),
    Attack("sleeps", "import time\ntime.sleep(1000)"),
    Attack("refuses to be stopped", "import signal, time\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ntime.sleep(1000)"),
    Attack("waits for input", "import os\nr, w = os.pipe()\nos.read(r, 1)"),
    Attack("writes without end", "import os\nwhile True: os.write(2, b'x' * 4096)", quick=True),
    Attack("warns without end", "import sys\nwhile True: print('x' * 999, file=sys.stderr)"),
    Attack("is a fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", quick=True),
    Attack("forks and leaves", "import os, time\nif os.fork() == 0:\n    os.closerange(0, 99)\n    time.sleep(1000)\nos._exit(0)", quick=True),
    Attack("becomes a daemon", "import os, time\nif os.fork() == 0:\n    if os.fork() == 0:\n        os.closerange(0, 99)\n        time.sleep(1000)\n    os._exit(0)\nos.wait()"),
    Attack("hands itself on", "import os, time\nwhile True:\n    if os.fork(): os._exit(0)\n    time.sleep(0.01)"),
    Attack("stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    Attack("holds a lock", "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"),
    Attack("leaves a thread", "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\ndef f(x): return 1"),
    Attack("never exits", "import atexit, time\natexit.register(time.sleep, 1000)\ndef f(x): return 0"),
    Attack("matches for ever", "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')"),
    Attack("counts for ever", "x = 9 ** 9 ** 9"),
    Attack("collects for ever", "x = []\nwhile True: x.append(x[:])"),
    Attack("executes another", "import os\nos.execv('/usr/bin/sleep', ['sleep', '1000'])"),
)  # fmt: skip
