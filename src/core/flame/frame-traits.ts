import type { FrameKind } from './frame-kinds.js';

/** What a search can ask for beside names: `is:kernel`. */
export const frameTraits = ['kernel', 'gc', 'unnamed', 'cut'] as const;
export type FrameTrait = (typeof frameTraits)[number];

/** What traits are told from; both a profile's frames and what a window knows of them have it. */
export interface TraitOf {
  readonly name: string;
  readonly kind: FrameKind;
}

/**
 * Functions that a garbage collection begins with, by their own names: CPython, V8, HotSpot, Go, Ruby, .NET and PHP. What they call
 * lies below them and need not be named. Allocation is none of it.
 */
const collector = new RegExp(
  [
    /^(?:_?PyGC_Collect\w*|_Py_RunGC|gc_collect_\w+|collect_with_callback|collect_generations)$/,
    /^v8::internal::(?:Heap::(?:CollectGarbage|CollectAllGarbage|PerformGarbageCollection|Scavenge|MarkCompact)|\w*MarkCompact\w*|\w*Scavenge\w*|(?:Incremental|Concurrent)Marking|(?:Concurrent)?Sweeper)\b/,
    /^(?:G1\w+|PSPromotionManager|PSParallelCompact|PSScavenge|ParCompactionManager|Shenandoah\w+|Z(?:Driver|Mark|Worker|Relocate|Generation)\w*|GCTaskThread|GenCollectedHeap|ConcurrentG1\w*|VM_G(?:1|C_|en)\w*|VM_Parallel\w*)::/,
    /^runtime\.(?:gc(?:BgMarkWorker|Drain\w*|Start|Mark\w*|Assist\w*|Sweep)|bgsweep|bgscavenge|sweepone|scanobject)\b/,
    /^(?:gc_(?:start|marks|sweep|mark)\w*|garbage_collect\w*|rb_gc(?:_start)?)$/,
    /^(?:(?:WKS|SVR)::)?(?:gc_heap|GCHeap)::/,
    /^zend_gc_(?:collect_cycles|run)$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** Addresses that nothing names: "[libc.so.6]", "[unknown]" of files, and the agent's "libc.so.6+0x1a2b". */
const address = /^(?:\[[^\]]*\]|\S*\+0x[0-9a-f]+|0x[0-9a-f]+)$/i;

/** Whether a frame has a trait. Only native code, the kernel's included, can lack a name: interpreters know theirs. */
export function hasTrait({ name, kind }: TraitOf, trait: FrameTrait): boolean {
  switch (trait) {
    case 'kernel':
      return kind === 'kernel';
    case 'gc':
      return (kind === 'native' || kind === 'go' || kind === 'unknown') && collector.test(name);
    case 'unnamed':
      return (kind === 'native' || kind === 'kernel' || kind === 'unknown') && address.test(name);
    case 'cut':
      return kind === 'error';
  }
}
