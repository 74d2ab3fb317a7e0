import type {
  FlameHeader,
  LabelRow,
  LabelTable,
  NamesPiece,
  ProfileSummary,
  FunctionTable,
  ViewSource,
} from '../../contract/decoder.js';
import { frameKinds, type FrameKind } from '../../contract/decoder.js';
import type { FlameGraph } from '../../core/flame/flame-graph.js';
import type { SummaryPart } from '../../core/guidance/summary.js';
import { layoutFlame, gatherF64, gatherU32 } from '../../core/flame/layout.js';

/**
 * Invented profiles for the development page and for tests: everything here is made up. The layout is the real one.
 */

/** A small generator of random numbers with a seed, so that pictures stay the same. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface InventedFunction {
  readonly name: string;
  readonly file: string;
  readonly packageName: string;
  readonly kind: FrameKind;
}

const families: readonly (readonly [string, string, FrameKind, readonly string[]])[] = [
  ['gunicorn', 'gunicorn/workers/sync.py', 'python', ['run', 'run_for_one', 'accept', 'handle', 'handle_request']],
  [
    'django',
    'django/core/handlers/base.py',
    'python',
    ['__call__', 'inner', 'get_response', '_get_response', 'process_view', 'process_response', 'resolve'],
  ],
  [
    'django.db',
    'django/db/models/query.py',
    'python',
    ['__iter__', '_fetch_all', 'execute_sql', 'execute', 'get_or_create', 'as_sql', 'resolve_lookup_value'],
  ],
  [
    'rest_framework',
    'rest_framework/serializers.py',
    'python',
    ['dispatch', 'list', 'retrieve', 'to_representation', 'get_attribute', 'run_validation', 'data'],
  ],
  ['json', 'json/encoder.py', 'python', ['dumps', 'encode', 'iterencode', '_iterencode_dict', '_iterencode_list']],
  [
    'revel',
    'revel/checkout/pricing.py',
    'python',
    ['render_cart', 'price_rules', 'apply_discount', 'check_password', 'authenticate', 'tax_for', 'shipping_options'],
  ],
  ['psycopg', 'psycopg/connection.py', 'python', ['cursor', 'fetchmany', '_execute_send', 'wait', 'load_rows']],
  [
    'libpython3.11.so',
    '/usr/lib/libpython3.11.so.1.0',
    'native',
    [
      '_PyEval_EvalFrameDefault',
      '_PyObject_Call',
      'PyDict_GetItem',
      'gc_collect_main',
      'PyUnicode_Concat',
      '_PyLong_New',
      'method_vectorcall',
    ],
  ],
  [
    'libpq.so.5',
    '/usr/lib/x86_64-linux-gnu/libpq.so.5',
    'native',
    ['PQexecParams', 'PQgetResult', 'pqReadData', 'pqsecure_read'],
  ],
  [
    'libcrypto.so.3',
    '/usr/lib/x86_64-linux-gnu/libcrypto.so.3',
    'native',
    ['EVP_DigestUpdate', 'sha256_block_data_order', 'PKCS5_PBKDF2_HMAC', 'HMAC_Update'],
  ],
  [
    'libc.so.6',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    'native',
    ['malloc', 'free', 'memcpy', '__poll', 'epoll_wait', 'recv', '__memmove_avx_unaligned_erms'],
  ],
  [
    '',
    '[kernel]',
    'kernel',
    [
      'entry_SYSCALL_64',
      'do_syscall_64',
      'tcp_recvmsg',
      'sock_read_iter',
      'schedule',
      'ep_poll',
      'copy_user_enhanced_fast_string',
      'page_fault',
    ],
  ],
];

/** Every function that an invented profile can name; function 0 is the root. */
export function inventFunctions(hostile: boolean): readonly InventedFunction[] {
  const functions: InventedFunction[] = [{ name: 'all', file: '', packageName: '', kind: 'unknown' }];
  for (const [packageName, file, kind, names] of families) {
    for (const name of names) functions.push({ name, file, packageName, kind });
  }
  for (let i = 0; i < 600; i++) {
    const [packageName, file, kind, names] = families[(i * 7) % families.length] ?? families[0]!;
    functions.push({ name: `${names[i % names.length] ?? 'f'}_${i}`, file, packageName, kind });
  }
  if (hostile) {
    functions[7] = {
      name: 'evil\u202Etxt.exe\u0000\u0007<script>alert(1)</script>',
      file: '/tmp/\u202Egnp.png',
      packageName: 'evil',
      kind: 'python',
    };
    functions[9] = {
      name: `std::__detail::_Map_base<${'std::basic_string<char>, '.repeat(12)}true>::operator[](std::basic_string<char> const&)`,
      file: '/usr/include/c++/12/bits/hashtable_policy.h',
      packageName: 'libstdc++.so.6',
      kind: 'native',
    };
  }
  return functions;
}

export interface InventedProfile {
  readonly graph: FlameGraph;
  readonly functions: readonly InventedFunction[];
  readonly summary: Omit<ProfileSummary, 'profileId'>;
}

interface Draft {
  readonly functionIndex: number[];
  readonly depth: number[];
  readonly parent: number[];
  readonly self: number[];
  readonly subtreeEnd: number[];
}

/** Grows a tree depth first: each node shares its width among a few callees and keeps the rest to itself. */
function grow(seed: number, nodes: number, functions: readonly InventedFunction[], totalNs: number): Draft {
  const random = randomFrom(seed);
  const draft: Draft = { functionIndex: [], depth: [], parent: [], self: [], subtreeEnd: [] };
  const leastNs = totalNs / (nodes * 1.4);
  const add = (callee: number, parent: number, depth: number, width: number): void => {
    const node = draft.functionIndex.length;
    draft.functionIndex.push(callee);
    draft.parent.push(parent);
    draft.depth.push(depth);
    draft.self.push(0);
    draft.subtreeEnd.push(0);
    let left = width;
    if (depth < 46 && width > leastNs) {
      const wide = depth === 0 ? 5 : depth < 9 ? 1 + (random() < 0.35 ? 1 : 0) : 1 + Math.floor(random() * 3.1);
      const used = new Set<number>();
      for (let i = 0; i < wide && left > leastNs; i++) {
        const share =
          i === wide - 1 ? left * (depth < 6 ? 0.995 : 0.8 + 0.19 * random()) : left * (0.3 + 0.5 * random());
        let next = 1 + Math.floor((callee * 3 + depth * 5 + random() * (depth < 8 ? 6 : 70)) % (functions.length - 1));
        while (used.has(next)) next = 1 + (next % (functions.length - 1));
        used.add(next);
        left -= share;
        add(next, node, depth + 1, share);
      }
    }
    draft.self[node] = left;
    draft.subtreeEnd[node] = draft.functionIndex.length;
  };
  add(0, 0, 0, totalNs);
  return draft;
}

/** A profile of CPU time with about so many nodes. */
export function inventProfile(seed: number, nodes: number, hostile = false, totalNs = 221e9): InventedProfile {
  const functions = inventFunctions(hostile);
  const draft = grow(seed, nodes, functions, totalNs);
  const nodeCount = draft.functionIndex.length;
  const self = Float64Array.from(draft.self);
  const total = Float64Array.from(draft.self);
  for (let node = nodeCount - 1; node > 0; node--) {
    const parent = draft.parent[node] ?? 0;
    total[parent] = (total[parent] ?? 0) + (total[node] ?? 0);
  }
  const { graph } = layoutFlame({
    nodeCount,
    functionIndex: Uint32Array.from(draft.functionIndex),
    parent: Uint32Array.from(draft.parent),
    depth: Uint32Array.from(draft.depth),
    subtreeEnd: Uint32Array.from(draft.subtreeEnd),
    self,
    total,
  });
  return { graph, functions, summary: summaryOf(total[0] ?? 0, nodeCount, functions.length) };
}

/** What an invented profile says in parts, as the decoder would. */
export function inventSummary({ summary }: InventedProfile): readonly SummaryPart[] {
  const [all = 0] = summary.totals;
  const part = (share: number): { readonly share: number; readonly value: number } => ({ share, value: share * all });
  return [
    {
      ...part(0.412),
      kind: 'package',
      name: 'json',
      leading: '_iterencode_dict',
      callers: 3,
      query: 'package:json',
      mode: 'plain',
    },
    { ...part(0.061), kind: 'gc', query: 'is:gc', mode: 'plain' },
    { ...part(0.02), kind: 'kernel', query: 'is:kernel', mode: 'plain' },
    { ...part(0.013), kind: 'unnamed', query: 'is:unnamed', mode: 'plain' },
  ];
}

function summaryOf(total: number, nodes: number, functions: number): Omit<ProfileSummary, 'profileId'> {
  return {
    format: 'pprof',
    sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }],
    defaultValueIndex: 0,
    totals: [total],
    periods: [10_309_278],
    sampleCount: Math.round(nodes * 0.6),
    functionCount: functions,
    timeMs: Date.now() - 900_000,
    durationMs: 900_000,
    comments: [],
    labelKeys: ['end_timestamp_ns', 'pid', 'thread'],
    warnings: [],
    decodedBy: 'the addon',
  };
}

/** Labels of an invented profile's samples. */
export function inventLabels({ summary }: InventedProfile): LabelTable {
  const whole = summary.totals[0] ?? 0;
  const row = (key: string, value: string, share: number, unit = ''): LabelRow => ({
    key,
    value,
    unit,
    total: share * whole,
  });
  return {
    rows: [
      row('pid', '4711', 0.8),
      row('pid', '4712', 0.15),
      row('payload', '512', 0.02, 'bytes'),
      row('thread', 'MainThread', 0.61),
      row('thread', 'ThreadPoolExecutor-0_0', 0.22),
      row('thread', 'kafka-python-producer-1-network-thread \u202etxt', 0.12),
    ],
    leftOut: 0,
    unlabelled: 0.05 * whole,
  };
}

/** A diff over the shape of an invented profile: some functions and what they call got slower, some faster. */
export function inventDiff(seed: number, nodes: number): InventedProfile {
  const profile = inventProfile(seed, nodes);
  const { graph, functions } = profile;
  const baseline = new Float64Array(graph.count);
  const comparison = new Float64Array(graph.count);
  const random = randomFrom(seed);
  const factor = new Float64Array(graph.count).fill(1);
  for (let node = 1; node < graph.count; node++) {
    const parent = graph.parent[node] ?? 0;
    const name = functions[graph.functionIndex[node] ?? 0]?.name ?? '';
    let own = 1 + (random() - 0.5) * 0.03;
    if (name.startsWith('price_rules') || name.startsWith('apply_discount')) own = 3.2;
    if (name.startsWith('iterencode')) own = 0.35;
    if (random() < 0.004) own = 1e9;
    factor[node] = (factor[parent] ?? 1) * own;
  }
  for (let node = 0; node < graph.count; node++) {
    const width = (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
    const by = factor[node] ?? 1;
    baseline[node] = (2 * width) / (1 + by);
    comparison[node] = 2 * width - (baseline[node] ?? 0);
    if (by > 1e6) baseline[node] = 0;
  }
  const selves = { baselineSelf: selfOf(graph, baseline), comparisonSelf: selfOf(graph, comparison) };
  return { ...profile, graph: { ...graph, baseline, comparison, ...selves } };
}

/** What is left of each total without what is called. */
function selfOf({ parent, count }: InventedProfile['graph'], total: Float64Array): Float64Array {
  const self = total.slice();
  for (let node = 1; node < count; node++)
    self[parent[node] ?? 0] = (self[parent[node] ?? 0] ?? 0) - (total[node] ?? 0);
  return self.map((value) => Math.max(0, value));
}

/** The header of a view of an invented profile. */
export function inventHeader(viewId: string, profile: InventedProfile, source: ViewSource): FlameHeader {
  const { graph, functions } = profile;
  const header: FlameHeader = {
    viewId,
    sampleType: { type: 'cpu', unit: 'nanoseconds' },
    nodeCount: graph.count,
    depth: graph.depthCount,
    functionCount: functions.length,
    total: graph.x1[0] ?? 0,
    narrowest: 0,
    samplePeriod: 10_000_000,
  };
  return source.kind === 'flame'
    ? header
    : {
        ...header,
        baselineTotal: graph.baseline?.[0] ?? 0,
        comparisonTotal: graph.comparison?.[0] ?? 0,
      };
}

/** All names in one piece. */
export function inventNames(viewId: string, profile: InventedProfile): NamesPiece {
  const { functions } = profile;
  return {
    viewId,
    first: 0,
    names: functions.map((each) => each.name),
    files: functions.map((each) => each.file),
    packages: functions.map((each) => each.packageName),
    kinds: Uint8Array.from(functions, (each) => frameKinds.indexOf(each.kind)),
    libraries: [{ path: '/usr/bin/python3.12', buildId: '6d1f0c2b9a' }],
    library: Uint32Array.from(functions, (_, index) => index % 2),
    lines: Uint32Array.from(functions.flatMap((each, index) => (each.file === '' ? [0, 0] : [index, index + 12]))),
  };
}

function callerCounts(graph: FlameGraph, functionCount: number): Uint32Array {
  const pairs = new Set<string>();
  const counts = new Uint32Array(functionCount);
  for (let node = 1; node < graph.count; node++) {
    const callee = graph.functionIndex[node] ?? 0;
    const caller = graph.functionIndex[graph.parent[node] ?? 0] ?? 0;
    if (caller === callee || pairs.has(`${caller} ${callee}`)) continue;
    pairs.add(`${caller} ${callee}`);
    counts[callee] = (counts[callee] ?? 0) + 1;
  }
  return counts;
}

/** Self and total by function; recursion is counted more than once here, which the real decoder does not do. */
export function inventTable(profile: InventedProfile): FunctionTable {
  const { graph, functions } = profile;
  const self = new Float64Array(functions.length);
  const total = new Float64Array(functions.length);
  const baseline = new Float64Array(functions.length);
  for (let node = 0; node < graph.count; node++) {
    const callee = graph.functionIndex[node] ?? 0;
    self[callee] = (self[callee] ?? 0) + (graph.self[node] ?? 0);
    const width = graph.comparison?.[node] ?? (graph.x1[node] ?? 0) - (graph.x0[node] ?? 0);
    total[callee] = Math.min(graph.x1[0] ?? 0, (total[callee] ?? 0) + width);
    baseline[callee] = Math.min(graph.x1[0] ?? 0, (baseline[callee] ?? 0) + (graph.baseline?.[node] ?? 0));
  }
  const used = Uint32Array.from(functions.keys()).filter((index) => index > 0 && (total[index] ?? 0) > 0);
  const table = {
    functionIndex: used,
    self: gatherF64(self, used),
    total: gatherF64(total, used),
    callers: gatherU32(callerCounts(graph, functions.length), used),
  };
  return graph.baseline === undefined
    ? table
    : { ...table, baselineSelf: gatherF64(self, used), baselineTotal: gatherF64(baseline, used) };
}
