import * as v from 'valibot';
import { PushSettings, type PushAuthentication, type PushState } from '../../../contract/push.js';

/** What stands in the fields. */
export interface PushForm {
  /** A server that is there is changed: its address and tenant are what it is known by. */
  readonly editing: boolean;
  readonly url: string;
  readonly tenant: string;
  readonly authentication: PushAuthentication['kind'];
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly caPem: string;
}

export const emptyPush: PushForm = {
  editing: false,
  url: '',
  tenant: '',
  authentication: 'none',
  user: '',
  password: '',
  token: '',
  caPem: '',
};

/** The fields for a server that is there; the agent does not tell its secrets. */
export function formOf({ url, tenant }: PushState): PushForm {
  return { ...emptyPush, editing: true, url, tenant, authentication: 'keep' };
}

/** What is to be set; undefined where the fields cannot be meant so. */
export function settingsOf(form: PushForm): PushSettings | undefined {
  const checked = v.safeParse(PushSettings, {
    url: form.url.trim(),
    tenant: form.tenant.trim(),
    authentication: authenticationOf(form),
    caPem: form.caPem.trim() === '' ? '' : `${form.caPem.trim()}\n`,
  });
  return checked.success ? checked.output : undefined;
}

function authenticationOf({ authentication: kind, user, password, token }: PushForm): PushAuthentication {
  switch (kind) {
    case 'basic':
      return { kind, user, password };
    case 'bearer':
      return { kind, token: token.trim() };
    case 'keep':
    case 'none':
      return { kind };
  }
}
