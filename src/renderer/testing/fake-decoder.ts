import { decoderCalls, type DecoderCalls, type DecoderEvents } from '../../contract/decoder.js';
import { fail, ok } from '../../contract/result.js';
import { serve, type Handlers, type Port, type Server } from '../../contract/rpc.js';
import { cutFlame } from '../../core/flame/pieces.js';
import {
  inventDiff,
  inventHeader,
  inventNames,
  inventProfile,
  inventTable,
  type InventedProfile,
} from './invented-profiles.js';

/** An in-page stand-in for the decoder process, over invented profiles. */
export function serveFakeDecoder(
  port: Port,
  settings: { readonly nodes: number; readonly hostile: boolean; readonly empty: boolean },
): Server<DecoderEvents> {
  const views = new Map<string, InventedProfile>();
  const invented = inventProfile(9, settings.nodes, settings.hostile);
  const handlers: Handlers<DecoderCalls> = {
    'profile.open': ({ profileId }) => ok({ ...invented.summary, profileId }),
    'profile.close': () => ok(null),
    'view.open': ({ viewId, source }) => {
      const profile = source.kind === 'diff' ? inventDiff(9, settings.nodes) : invented;
      if (settings.empty) {
        return ok({
          viewId,
          sampleType: { type: 'cpu', unit: 'nanoseconds' },
          nodeCount: 0,
          depth: 0,
          functionCount: 0,
          total: 0,
          narrowest: 0,
        });
      }
      views.set(viewId, profile);
      setTimeout(() => {
        server.emit('view.names', inventNames(viewId, profile));
        for (const cut of cutFlame(profile.graph, 200_000)) server.emit('view.piece', { ...cut, viewId });
      }, 5);
      return ok(inventHeader(viewId, profile, source));
    },
    'view.close': ({ viewId }) => {
      views.delete(viewId);
      return ok(null);
    },
    'view.frame': () => fail('unsupported', 'Nothing more is known of invented functions.'),
    'view.children': () => fail('unsupported', 'Invented profiles have no call tree.'),
    'view.certainty': () => fail('unsupported', 'Invented profiles have no windows.'),
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
