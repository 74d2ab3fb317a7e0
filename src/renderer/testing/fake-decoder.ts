import {
  decoderCalls,
  type DecoderCalls,
  type DecoderEvents,
  type ViewSource,
  type WorkProgress,
} from '../../contract/decoder.js';
import { packNames } from '../../contract/packed-names.js';
import { fail, ok, type Result } from '../../contract/result.js';
import { serve, type Handlers, type Port, type Server } from '../../contract/rpc.js';
import { cutFlame } from '../../core/flame/pieces.js';
import {
  inventDiff,
  inventHeader,
  inventLabels,
  inventNames,
  inventProfile,
  inventSummary,
  inventTable,
  type InventedProfile,
} from './invented-profiles.js';
import { inventLines } from './invented-code.js';
import { inventHeat, inventThreads, inventTimeOrder } from './invented-times.js';

/** What the stand-in does. */
export interface FakeDecoderSettings {
  readonly nodes: number;
  readonly hostile: boolean;
  readonly empty: boolean;
  /** Whether a call never answers, but says that it is halfway: by the profile's id, or by the view's source. */
  readonly hangs?: (of: string | ViewSource) => boolean;
}

/** An in-page stand-in for the decoder process, over invented profiles. */
export function serveFakeDecoder(port: Port, settings: FakeDecoderSettings): Server<DecoderEvents> {
  const views = new Map<string, InventedProfile>();
  const invented = inventProfile(9, settings.nodes, settings.hostile);
  /** Ends when it is given up. */
  const hang = (progress: WorkProgress, signal: AbortSignal): Promise<Result<never>> => {
    server.emit('work.progress', progress);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(fail('cancelled', 'Cancelled.'));
      });
    });
  };
  const handlers: Handlers<DecoderCalls> = {
    'profile.open': ({ profileId }, signal) =>
      settings.hangs?.(profileId) === true
        ? hang({ of: profileId, step: 'decoding', share: 0.42 }, signal)
        : ok({ ...invented.summary, profileId }),
    'profile.close': () => ok(null),
    'profile.heat': () => ok(inventHeat(Date.now())),
    'profile.heatOf': () => ok(inventHeat(Date.now()).counts.map((count, cell) => (cell % 50 < 28 ? count >> 1 : 0))),
    'profile.labels': () => ok(inventLabels(invented)),
    'profile.threads': () => ok(inventThreads(invented)),
    'view.open': ({ viewId, source }, signal) => {
      if (settings.hangs?.(source) === true) return hang({ of: viewId, step: 'rewriting', share: 0.5 }, signal);
      const whole = source.kind === 'diff' ? inventDiff(9, settings.nodes) : invented;
      const inTime =
        source.kind === 'flame' && source.order === 'time' ? inventTimeOrder(invented, Date.now()) : undefined;
      const profile = inTime?.profile ?? whole;
      if (settings.empty) {
        return ok({
          viewId,
          sampleType: { type: 'cpu', unit: 'nanoseconds' },
          nodeCount: 0,
          depth: 0,
          functionCount: 0,
          total: 0,
          narrowest: 0,
          samplePeriod: 0,
        });
      }
      views.set(viewId, profile);
      setTimeout(() => {
        server.emit('view.names', packNames(inventNames(viewId, profile)));
        for (const cut of cutFlame(profile.graph, 200_000)) server.emit('view.piece', { ...cut, viewId });
      }, 5);
      return ok({ ...inventHeader(viewId, profile, source), ...inTime?.header });
    },
    'view.range': () => fail('unsupported', 'Invented profiles have no windows.'),
    'view.close': ({ viewId }) => {
      views.delete(viewId);
      return ok(null);
    },
    'view.summary': () => ok(inventSummary(invented)),
    'view.frame': () => fail('unsupported', 'Nothing more is known of invented functions.'),
    'view.lines': ({ viewId, functionIndex, apart = false }) => {
      const called = views.get(viewId)?.functions[functionIndex];
      return called === undefined
        ? fail('not-found', 'There is no such function.')
        : ok(inventLines(called.file, called.name, apart));
    },
    'view.children': () => fail('unsupported', 'Invented profiles have no call tree.'),
    'view.certainty': () => fail('unsupported', 'Invented profiles have no windows.'),
    'view.regionCertainty': () => fail('unsupported', 'Invented profiles have no times.'),
    'profile.changes': () => fail('unsupported', 'Invented profiles have no windows.'),
    'view.functions': ({ viewId }) => {
      const profile = views.get(viewId);
      return profile === undefined ? fail('not-found', 'There is no such view.') : ok(inventTable(profile));
    },
  };
  const server = serve<DecoderCalls, DecoderEvents>(port, decoderCalls, handlers, (error) => {
    console.error(error);
  });
  return server;
}
