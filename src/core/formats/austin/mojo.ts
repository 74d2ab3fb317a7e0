import type { ImportContext, Importer, ImportSteps } from '../importing.js';
import { importFailed, tooManyCallPaths } from '../importing.js';
import { AustinSamples, austinMode, mostHeaderLines } from './samples.js';

/** What a byte before an event says that follows. */
const event = {
  metadata: 1,
  stack: 2,
  frame: 3,
  frameInvalid: 4,
  frameRef: 5,
  frameKernel: 6,
  gc: 7,
  idle: 8,
  time: 9,
  memory: 10,
  string: 11,
  stringRef: 12,
  stackRepeat: 13,
  taskStack: 14,
  taskWaiter: 15,
} as const;

/** "MOJ", then the version as an integer. */
const magic = [0x4d, 0x4f, 0x4a];
const versions = { oldest: 1, newest: 4 };
const unknownStringKey = '\u0001';
const pythonFile = /\.py$|^<.*>$/;

/** The file cannot be read on: it ended inside an event, or is damaged. */
class Cut extends Error {
  readonly damaged: boolean;

  constructor(damaged = false) {
    super();
    this.damaged = damaged;
  }
}

/** Reads integers and strings one after the other. */
class Reader {
  at: number = magic.length;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** How much of the file was read, from 0 to 1. */
  get share(): number {
    return this.at / this.bytes.length;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Cut();
    this.at++;
    return byte;
  }

  /** Six bits and a sign, then seven bits a byte, least first; the highest bit says that more follow. */
  integer(): number {
    let byte = this.byte();
    const negative = (byte & 0x40) !== 0;
    let value = byte & 0x3f;
    // Not by shifts: bytes of memory do not fit 32 bits.
    for (let scale = 64; (byte & 0x80) !== 0; scale *= 128) {
      if (scale > 2 ** 63) throw new Cut(true);
      byte = this.byte();
      value += (byte & 0x7f) * scale;
    }
    return negative ? -value : value;
  }

  /** An integer that something is named by: its bytes, because 64 bits are no number here. */
  key(): string {
    const start = this.at;
    let more = true;
    while (more) more = (this.byte() & 0x80) !== 0;
    return String.fromCharCode(...this.bytes.subarray(start, Math.min(this.at, start + 10)));
  }

  /** Ends with a zero byte. A view of the file. */
  text(): Uint8Array {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new Cut();
    const text = this.bytes.subarray(this.at, end);
    this.at = end + 1;
    return text;
  }
}

/**
 * MOJO, the binary form that Austin writes. A file is a row of events: what the file says of itself; a stack, which begins a
 * sample; strings and frames, each with a key that later events name it by, within one process; and metrics, which end what
 * is said of a sample. Frames of a stack come outermost first.
 *
 * Version 2 added where a line ends and columns, version 3 the interpreter of a stack. Version 4 says of a stack that its Python
 * is the one of its thread's sample before, with the native frames that stand on top of it now behind that; and, between a stack
 * and its own frames, what tasks of asyncio wait in and for whom, which was not sampled: a task's frames end with a time of its own.
 */
export const mojoImporter: Importer = {
  format: 'Austin',
  read(bytes, context) {
    // A letter in place of the version is text, for example a stack of a function whose name begins so.
    const isText = (bytes[magic.length] ?? 0) >= 0x20;
    return magic.every((byte, index) => bytes[index] === byte) && !isText ? readMojo(bytes, context) : undefined;
  },
};

/** So many events are a step. */
const eventsOfStep = 65_536;

function* readMojo(bytes: Uint8Array, context: ImportContext): ImportSteps {
  const reader = new Reader(bytes);
  try {
    const version = reader.integer();
    if (version < versions.oldest || version > versions.newest) {
      return importFailed(
        'unsupported',
        `This file of Austin's has version ${version}; 1 to ${versions.newest} can be read.`,
      );
    }
    return yield* new MojoFile(reader, version, context).read();
  } catch (error) {
    if (error instanceof Cut) return importFailed('bad-profile', 'The file of Austin ends before its first sample.');
    throw error;
  }
}

/** What is known of the sample that is being read. */
interface Sample {
  readonly pid: number;
  /** Process, interpreter and thread. */
  readonly thread: string;
  /** The stack that its own frames stand on: that of the thread's sample before where it is repeated, else the empty one. */
  base: number;
  /** Locations, outermost first. */
  readonly frames: number[];
  timeUs: number;
  memoryBytes: number;
  idle: boolean;
}

class MojoFile {
  private readonly reader: Reader;
  private readonly version: number;
  private readonly context: ImportContext;
  private readonly header = new Map<string, string>();
  private readonly strings = new Map<string, number>();
  private readonly frames = new Map<string, number>();
  /** Locations by their key alone: what is told of a task may come before the first stack of its process. */
  private readonly anyFrames = new Map<string, number>();
  private readonly anyStrings = new Map<string, number>();
  /** Strings that are files of Python's, and locations that are in none. */
  private readonly pythonFiles = new Set<number>();
  private readonly nativeFrames = new Set<number>();
  /**
   * By thread the stack of its last sample, without the native frames on top. A stack and no frames: a byte repeats it, so that to
   * copy it would let a small file become as large as it likes.
   */
  private readonly before = new Map<string, number>();
  private samples: AustinSamples | undefined;
  private sample: Sample | undefined;
  /** What is read now belongs to a task that waits. */
  private inTask = false;
  private tasks = 0;
  private lost = 0;

  constructor(reader: Reader, version: number, context: ImportContext) {
    this.reader = reader;
    this.version = version;
    this.context = context;
  }

  *read(): ImportSteps {
    const warnings: string[] = [];
    let looked = 0;
    try {
      while (!this.reader.ended) {
        const at = this.reader.at;
        if (++looked % eventsOfStep === 0) yield this.reader.share;
        if (!this.event(this.reader.byte())) {
          warnings.push(`An unknown event stands at byte ${at}; what follows was left out.`);
          break;
        }
        if (this.samples?.tooMany === true) return tooManyCallPaths(this.context.callPathLimit);
      }
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      this.sample = undefined; // it is not whole
      warnings.push(
        error.damaged
          ? `The file is damaged at byte ${this.reader.at}; what was before it was read.`
          : 'The file ends inside an event; what was before it was read.',
      );
    }
    this.flush();
    if (this.lost > 0)
      warnings.push(`${this.lost} frames were named before they were told; they are called <unknown>.`);
    if (this.tasks > 0)
      warnings.push(
        `The file says ${this.tasks} times what a task of asyncio waits in; that is no sample and was left out.`,
      );
    return this.profile.finish('Austin', this.header, warnings);
  }

  /** The mode is known when the first stack comes. */
  private get profile(): AustinSamples {
    return (this.samples ??= new AustinSamples(austinMode(this.header.get('mode')), this.context));
  }

  /** Reads what follows an event's byte; false for one that is not known. */
  private event(kind: number): boolean {
    const { reader } = this;
    switch (kind) {
      case event.metadata: {
        const [name, value] = [reader.text(), reader.text()];
        if (this.header.size < mostHeaderLines) this.header.set(this.context.decode(name), this.context.decode(value));
        return true;
      }
      case event.stack: {
        this.flush();
        this.inTask = false;
        const pid = reader.integer();
        const interpreter = this.version >= 3 ? reader.integer() : 0;
        const thread = `${pid} ${interpreter} ${this.context.decode(reader.text())}`;
        this.sample = { pid, thread, base: 0, frames: [], timeUs: 0, memoryBytes: 0, idle: false };
        return true;
      }
      case event.stackRepeat:
        this.inTask = false;
        this.repeat();
        return true;
      case event.taskStack:
        reader.integer(); // the task
        reader.integer(); // its name
        this.inTask = true;
        this.tasks++;
        return true;
      case event.taskWaiter:
        reader.integer(); // the task
        reader.integer(); // who waits for it
        this.inTask = false;
        return true;
      case event.string:
        this.string();
        return true;
      case event.frame:
        this.frame();
        return true;
      case event.frameRef: {
        const key = reader.key();
        this.push(this.frames.get(this.inProcess(key)) ?? this.anyFrames.get(key));
        return true;
      }
      case event.frameInvalid:
        this.named('<invalid>');
        return true;
      case event.frameKernel: {
        const location = this.profile.location(this.profile.builder.string(reader.text()), 0, 0);
        this.nativeFrames.add(location);
        this.push(location);
        return true;
      }
      case event.gc:
        this.named('<garbage collection>');
        return true;
      case event.idle:
        if (this.sample !== undefined) this.sample.idle = true;
        return true;
      case event.time: {
        const timeUs = reader.integer();
        if (this.sample !== undefined && !this.inTask) this.sample.timeUs += timeUs;
        this.inTask = false;
        return true;
      }
      case event.memory: {
        const memoryBytes = reader.integer();
        if (this.sample !== undefined) this.sample.memoryBytes += memoryBytes;
        return true;
      }
      case event.stringRef:
        reader.integer();
        return true;
      default:
        return false;
    }
  }

  /** Keys are addresses in a process: another one may use the same. */
  private inProcess(key: string): string {
    return `${this.sample?.pid ?? 0} ${key}`;
  }

  private string(): void {
    const key = this.reader.key();
    const text = this.reader.text();
    const index = this.profile.builder.string(text);
    if (pythonFile.test(this.context.decode(text))) this.pythonFiles.add(index);
    this.strings.set(this.inProcess(key), index);
    this.anyStrings.set(key, index);
  }

  private frame(): void {
    const { reader } = this;
    const key = reader.key();
    const [file, name] = [this.text(), this.text()];
    const line = Math.max(0, reader.integer());
    // Where the line ends, and columns.
    if (this.version >= 2) for (let more = 0; more < 3; more++) reader.integer();
    const location = this.profile.location(name, file, line);
    if (!this.pythonFiles.has(file)) this.nativeFrames.add(location);
    this.frames.set(this.inProcess(key), location);
    this.anyFrames.set(key, location);
  }

  /** The stack of the thread's sample before, but for the native frames on top of it. */
  private repeat(): void {
    const { sample } = this;
    if (sample === undefined) return;
    sample.base = this.before.get(sample.thread) ?? 0;
    if (sample.base === 0) this.push(undefined);
  }

  private text(): number {
    const key = this.reader.key();
    if (key === unknownStringKey) return this.word('<unknown>');
    return this.strings.get(this.inProcess(key)) ?? this.anyStrings.get(key) ?? 0;
  }

  private word(text: string): number {
    return this.profile.builder.string(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  private named(text: string): void {
    this.push(this.profile.location(this.word(text), 0, 0));
  }

  private push(location: number | undefined): void {
    if (this.inTask) return;
    if (location === undefined) this.lost++;
    this.sample?.frames.push(location ?? this.profile.location(this.word('<unknown>'), 0, 0));
  }

  private flush(): void {
    const { sample } = this;
    this.sample = undefined;
    if (sample === undefined) return;
    const { builder } = this.profile;
    let stack = sample.base;
    let python = stack;
    for (const location of sample.frames) {
      stack = builder.stack(stack, location);
      if (!this.nativeFrames.has(location)) python = stack;
    }
    this.before.set(sample.thread, python);
    this.profile.add(stack, sample);
  }
}
