import * as v from 'valibot';

/** The release that is put into a target where it has none. */
export const memrayVersion = '1.20.0';

/**
 * Says what an interpreter is and has, as one line of JSON; changes nothing. Runs on every Python 3. "methods": by what code may
 * be run in another process, best first.
 */
export const probeScript = `
import json, os, platform, shutil, sys
try:
    import importlib.util
    has = importlib.util.find_spec('memray') is not None
except Exception:
    has = False
methods = ['sys.remote_exec'] if hasattr(sys, 'remote_exec') else [each for each in ('gdb', 'lldb') if shutil.which(each)]
print(json.dumps({
    'version': '%d.%d' % sys.version_info[:2],
    'machine': platform.machine(),
    'musl': platform.libc_ver()[0] != 'glibc',
    'memray': has,
    'methods': methods,
    'uid': os.getuid(),
    'gid': os.getgid(),
}))
`;

export const Probe = v.object({
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+$/)),
  machine: v.pipe(v.string(), v.regex(/^\w{1,32}$/)),
  musl: v.boolean(),
  memray: v.boolean(),
  /** Who runs it. */
  uid: v.number(),
  gid: v.number(),
  methods: v.array(v.picklist(['sys.remote_exec', 'gdb', 'lldb'])),
});
export type Probe = v.InferOutput<typeof Probe>;

/**
 * Has memray attach to a process for a time, waits for it, and prints what it saw as one line of JSON. Arguments: our folder,
 * the process, seconds, "yes" where the folder holds wheels of memray to be used, methods with commas between them.
 *
 * A debugger that cannot do it kills: gdb 13 leaves registers half written where a processor has more state than it knows, and
 * the process dies of the error 514. So each is tried on a process of ours first, which is asleep as most are.
 *
 * It is memray itself that attaches. Where its files lie in our folder the code that it runs in the process is given that
 * folder as it begins. memray ends by itself in the process when the time is over, whatever becomes of us.
 */
export const attachScript = `
import contextlib, io, json, os, re, subprocess, sys, time, zipfile
folder, pid, seconds, wheels, methods = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == 'yes', sys.argv[5].split(',')
capture = os.path.join(folder, 'capture.bin')
library = os.path.join(folder, 'lib')

def answer(what):
    print(json.dumps(what))
    sys.exit(0)

def harmless(method):
    if method == 'sys.remote_exec':
        return True
    child = subprocess.Popen([sys.executable, '-S', '-c', 'import time\\nwhile True: time.sleep(0.05)'])
    attach = {
        'gdb': ['gdb', '-batch', '-nx', '-p', str(child.pid), '-ex', 'call (int)getpid()'],
        'lldb': ['lldb', '--batch', '--no-lldbinit', '-p', str(child.pid), '-o', 'expr (int)getpid()'],
    }
    try:
        time.sleep(0.5)
        tried = subprocess.run(attach[method], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        text = tried.stdout.decode('utf-8', 'replace')
        tries.append(text[-1000:])
        time.sleep(0.5)
        return child.poll() is None and re.search('= %d' % child.pid, text) is not None
    except Exception as error:
        tries.append(repr(error))
        return False
    finally:
        child.kill()
        child.wait()

tries = []
method = next((each for each in methods if harmless(each)), None)
if method is None:
    answer({'failed': 'debugger', 'said': '\\n'.join(tries)[-4000:]})
if not wheels:
    try:
        os.mkdir(folder, 0o755)
    except OSError as error:
        answer({'failed': 'folder', 'said': repr(error)})
else:
    for name in os.listdir(folder):
        if name.endswith('.whl'):
            zipfile.ZipFile(os.path.join(folder, name)).extractall(library)
            os.unlink(os.path.join(folder, name))
    for place, folders, files in os.walk(library):
        for each in folders + files:
            os.chmod(os.path.join(place, each), 0o755)
    sys.path.insert(0, library)
# The process itself writes the capture, as its own user.
try:
    owner = os.stat('/proc/%d' % pid)
    os.chown(folder, owner.st_uid, owner.st_gid)
except OSError:
    pass
said = io.StringIO()
try:
    from memray import FileReader
    from memray.commands import attach, main
except ImportError as error:
    answer({'failed': 'missing', 'said': repr(error)})
if wheels:
    # What memray imports it imports as it begins.
    attach.PAYLOAD = 'import sys; sys.path.insert(0, %r)\\n' % library + attach.PAYLOAD + '\\nsys.path.remove(%r)\\n' % library
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    try:
        code = main(['attach', '--method', method, '--duration', str(seconds), '-o', capture, '-f', str(pid)])
    except SystemExit as ended:
        code = ended.code
    except Exception as error:
        code = 1
        said.write(repr(error))
if code != 0:
    answer({'failed': 'attach', 'said': said.getvalue()[-4000:]})
time.sleep(seconds)
# memray compresses the file when it has ended, and puts that in its place.
for _ in range(240):
    try:
        with open(capture, 'rb') as file:
            if file.read(4) == bytes((4, 34, 77, 24)):
                break
    except OSError as error:
        said.write(repr(error))
    if not os.path.exists('/proc/%d' % pid):
        answer({'failed': 'ended', 'said': said.getvalue()[-4000:]})
    time.sleep(0.25)
else:
    answer({'failed': 'unfinished', 'said': said.getvalue()[-4000:]})
metadata = FileReader(capture).metadata
frames, indices = [], {}

def stacks(records):
    found = []
    for record in records:
        stack = []
        for frame in reversed(record.stack_trace()):
            if frame not in indices:
                indices[frame] = len(frames)
                frames.append(list(frame))
            stack.append(indices[frame])
        if record.size > 0:
            found.append([record.size, stack])
    return found

reader = FileReader(capture)
peak = stacks(reader.get_high_watermark_allocation_records(merge_threads=True))
leaks = stacks(FileReader(capture).get_leaked_allocation_records(merge_threads=True))
answer({
    'startMs': metadata.start_time.timestamp() * 1000,
    'endMs': metadata.end_time.timestamp() * 1000,
    'allocations': metadata.total_allocations,
    'peakBytes': metadata.peak_memory,
    'frames': frames,
    'peak': peak,
    'leaks': leaks,
})
`;

const Stacks = v.array(v.tuple([v.number(), v.array(v.pipe(v.number(), v.integer(), v.minValue(0)))]));

/** What `attachScript` prints. Sizes in bytes, frames outermost first. */
export const Attached = v.union([
  v.object({
    failed: v.picklist(['debugger', 'folder', 'missing', 'attach', 'ended', 'unfinished']),
    said: v.string(),
  }),
  v.object({
    startMs: v.number(),
    endMs: v.number(),
    allocations: v.number(),
    peakBytes: v.number(),
    /** Function, file, line. */
    frames: v.array(v.tuple([v.string(), v.string(), v.number()])),
    peak: Stacks,
    leaks: Stacks,
  }),
]);
export type Attached = v.InferOutput<typeof Attached>;

/** Removes our folder. */
export const removeScript = {
  python: (folder: string): string => `import shutil; shutil.rmtree('${folder}', ignore_errors=True)`,
  sh: (folder: string): string => `rm -rf -- '${folder}'`,
};
