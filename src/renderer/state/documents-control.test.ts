import { beforeEach, describe, expect, it } from 'vitest';
import { decoderCalls, type DecoderCalls, type DecoderEvents } from '../../contract/decoder.js';
import { fail, ok } from '../../contract/result.js';
import { linksCalls } from '../../contract/links.js';
import { serve, type Port } from '../../contract/rpc.js';
import { serveFakeDecoder } from '../testing/fake-decoder.js';
import { inventProfile } from '../testing/invented-profiles.js';
import { portPair } from '../testing/port-pair.js';
import { testContext } from '../testing/test-context.js';
import type { Context } from './context.js';
import {
  cancelOpening,
  closeDocument,
  showDocument,
  showFiles,
  suggestedName,
  viewStateOf,
} from './documents-control.js';
import { chooseService } from './selection-control.js';
import { initialState } from './store.js';

describe('suggestedName', () => {
  it.each([
    ['revel_web on web-1', 'revel_web-on-web-1'],
    ['../../etc/passwd', 'etc-passwd'],
    ['a\u202Eb\u0000', 'a-b'],
    ['…', 'profile'],
    ['Größe', 'Gro-e'],
  ])('makes %j harmless', (title, name) => {
    expect(suggestedName(title)).toBe(name);
  });

  it('is never too long', () => {
    expect(suggestedName('x'.repeat(500)).length).toBeLessThanOrEqual(120);
  });
});

describe('viewStateOf', () => {
  it('keeps paths, never indices', () => {
    const state = { ...initialState(0), zoomPath: ['a'], search: 'json', tab: 'table' as const };
    const plain = { kind: 'flame', tab: 'table', valueIndex: 0, zoomPath: ['a'], search: 'json' };
    expect(viewStateOf(state)).toEqual(plain);
    const more = { timeOrder: { thread: null }, selectedPath: ['a', 'b'] };
    expect(viewStateOf({ ...state, ...more })).toEqual({ ...plain, ...more });
  });
});

/** A links process that only lets go of profiles, and tells of which. */
function linksThatTell(released: string[]): Port {
  const [near, far] = portPair();
  serve(
    far,
    { 'profile.release': linksCalls['profile.release'] },
    {
      'profile.release': ({ profileId }) => {
        released.push(profileId);
        return ok(null);
      },
    },
    (error) => {
      throw error;
    },
  );
  return near;
}

describe('open documents', () => {
  const released: string[] = [];
  beforeEach(() => {
    released.length = 0;
  });

  /** A decoder that can read every profile but those whose id begins with "bad". */
  function contextWithDecoder(): Context {
    const context = testContext();
    const [near, far] = portPair();
    const refuse = (): ReturnType<typeof fail> => fail('not-found', 'There is no such view.');
    serve<DecoderCalls, DecoderEvents>(
      far,
      decoderCalls,
      {
        'profile.open': ({ profileId }) =>
          profileId.startsWith('bad')
            ? fail('bad-profile', 'The profile is cut off.')
            : ok({ ...inventProfile(1, 10, false).summary, profileId }),
        'profile.close': () => ok(null),
        'profile.labels': refuse,
        'view.open': refuse,
        'view.close': () => ok(null),
        'view.functions': refuse,
        'view.range': refuse,
        'view.summary': refuse,
        'view.frame': refuse,
        'view.children': refuse,
        'view.lines': refuse,
        'view.certainty': refuse,
        'view.regionCertainty': refuse,
        'profile.changes': refuse,
        'profile.heat': refuse,
        'profile.threads': refuse,
        'profile.heatOf': refuse,
      },
      (error) => {
        throw error;
      },
    );
    context.decoder.attach(near);
    context.links.attach(linksThatTell(released));
    return context;
  }
  const file = (profileId: string): { profileId: string; byteLength: number; title: string } => ({
    profileId,
    byteLength: 1,
    title: `${profileId}.pb.gz`,
  });

  it('leaves what is open on the screen when a file cannot be read, and says which', async () => {
    const context = contextWithDecoder();
    await showFiles(context, [file('good')]);
    const before = context.store.getState().document;
    expect(before).toMatchObject({ kind: 'profiles', title: 'good.pb.gz' });
    await showFiles(context, [file('bad')]);
    expect(context.store.getState().document).toBe(before);
    expect(context.store.getState().toasts).toMatchObject([
      { tone: 'error', message: 'bad.pb.gz: The profile is cut off.' },
    ]);
  });

  it('opens all that can be read, shows the first, and switches with their views', async () => {
    const context = contextWithDecoder();
    await showFiles(context, [file('bad'), file('good'), file('more')]);
    const { store } = context;
    const titles = (): readonly string[] => store.getState().documents.map(({ title }) => title);
    expect(titles()).toEqual(['good.pb.gz', 'more.pb.gz']);
    expect(store.getState()).toMatchObject({ document: { title: 'good.pb.gz' } });
    expect(store.getState().toasts).toHaveLength(1);
    const [good, more] = store.getState().documents;
    if (good === undefined || more === undefined) throw new Error('both were opened');
    store.setState({ zoomPath: ['main'], valueIndex: 1 });
    showDocument(context, more);
    expect(store.getState()).toMatchObject({ document: more, zoomPath: [], valueIndex: null });
    chooseService(context, null);
    expect(store.getState()).toMatchObject({ document: { kind: 'selection' }, documents: [good, more] });
    showDocument(context, good);
    expect(store.getState()).toMatchObject({ document: good, zoomPath: ['main'], valueIndex: 1 });
  });

  it('shows a file that is open already instead of opening it twice, but opens it anew once it has changed', async () => {
    const context = contextWithDecoder();
    const { store } = context;
    await showFiles(context, [{ ...file('a'), fileKey: '1-2-3-4' }, file('b')]);
    showDocument(context, store.getState().documents[1] ?? { kind: 'selection' });
    await showFiles(context, [{ ...file('again'), fileKey: '1-2-3-4' }]);
    expect(store.getState()).toMatchObject({
      document: { documentId: 'a' },
      documents: [{ documentId: 'a' }, { documentId: 'b' }],
    });
    await expect.poll(() => released).toEqual(['again']);
    await showFiles(context, [
      { ...file('changed'), fileKey: '1-2-3-5' },
      { ...file('twice'), fileKey: '1-2-3-5' },
    ]);
    expect(store.getState().documents.map(({ documentId }) => documentId)).toEqual(['a', 'b', 'changed']);
    expect(store.getState()).toMatchObject({ document: { documentId: 'changed' } });
    await expect.poll(() => released).toEqual(['again', 'twice']);
  });

  it('says how far the opening of a file is, and forgets it when it is given up', async () => {
    const context = testContext();
    const [near, far] = portPair();
    serveFakeDecoder(far, { nodes: 10, hostile: false, empty: false, hangs: (of) => of === 'large' });
    context.decoder.attach(near);
    context.links.attach(linksThatTell(released));
    const shown = showFiles(context, [file('large'), file('small')]);
    await expect
      .poll(() => context.store.getState().opening)
      .toEqual([{ profileId: 'large', title: 'large.pb.gz', step: 'Decoding', share: 0.42 }]);
    cancelOpening('large');
    await shown;
    expect(context.store.getState()).toMatchObject({ opening: [], toasts: [], documents: [{ documentId: 'small' }] });
    await expect.poll(() => released).toEqual(['large']);
  });

  it('closes one and shows its neighbour, and lets go of its profiles only', async () => {
    const context = contextWithDecoder();
    await showFiles(context, [file('a'), file('b')]);
    closeDocument(context, 'a');
    expect(context.store.getState()).toMatchObject({
      document: { title: 'b.pb.gz' },
      documents: [{ documentId: 'b' }],
    });
    closeDocument(context, 'b');
    expect(context.store.getState()).toMatchObject({ document: { kind: 'selection' }, documents: [], keptViews: {} });
    await expect.poll(() => released).toEqual(['a', 'b']);
  });
});
