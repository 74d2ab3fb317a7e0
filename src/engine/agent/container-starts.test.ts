import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, createRouterTransport, type ServiceImpl } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { AgentService, ListContainerStartsResponseSchema } from '../gen/agent/v1/agent_pb.js';
import { agentContainerStarts } from './container-starts.js';

const agentThat = (answers: Partial<ServiceImpl<typeof AgentService>>) => ({
  client: createClient(
    AgentService,
    createRouterTransport(({ service }) => {
      service(AgentService, answers);
    }),
  ),
});
const asked = { selector: '{service_name="web"}', startMs: 1000, endMs: 2000 };

describe('starts of containers that an agent saw', () => {
  it('are told by service and by what people call the container', async () => {
    const agent = agentThat({
      listContainerStarts: ({ labelSelector, start, end }) =>
        create(ListContainerStartsResponseSchema, {
          knownFrom: 1500n,
          starts: [
            {
              containerId: 'c0ffee',
              at: start,
              labels: [
                { name: 'container', value: 'web-1' },
                { name: 'service_name', value: 'web' },
              ],
            },
            { containerId: 'c0ffee', at: end, again: true, labels: [{ name: 'service_name', value: labelSelector }] },
          ],
        }),
    });
    expect(await agentContainerStarts(agent, asked)).toEqual({
      ok: true,
      value: {
        fromMs: 1500,
        starts: [
          { service: 'web', container: 'web-1', atMs: 1000, again: false },
          { service: asked.selector, container: 'c0ffee', atMs: 2000, again: true },
        ],
      },
    });
  });

  it('are none where it does not look for them, or is too old to', async () => {
    const none = { ok: true, value: { fromMs: Infinity, starts: [] } };
    const unused = agentThat({ listContainerStarts: () => create(ListContainerStartsResponseSchema) });
    expect(await agentContainerStarts(unused, asked)).toEqual(none);
    expect(await agentContainerStarts(agentThat({}), asked)).toEqual(none);
  });

  it('are not known where it fails', async () => {
    const broken = agentThat({
      listContainerStarts: () => {
        throw new ConnectError('the store is closed', Code.Internal);
      },
    });
    expect(await agentContainerStarts(broken, asked)).toMatchObject({ ok: false, failure: { code: 'agent-failed' } });
  });
});
