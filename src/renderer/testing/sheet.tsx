/**
 * Every small component of the window in every state, on one page: ?theme=dark|light|contrast. Pictures of it are taken by sheet.mjs, which
 * also puts the pseudo-classes on that `data-force` names. It is no part of the production build.
 */
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../app/styles.js';
import './sheet.css';
import { useState, type ReactElement, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { StateDot } from '../features/targets/state-dot.js';
import { Button, IconButton } from '../ui/button.js';
import { FailureDetail, FailureNotice } from '../ui/failure-notice.js';
import { CheckField, Segments, TextAreaField, TextField } from '../ui/fields.js';
import * as icons from '../ui/icons.js';
import { MenuItem } from '../ui/menu.js';
import { Name } from '../ui/name.js';
import { Sparkline } from '../ui/sparkline.js';

const nothing = (): void => undefined;
const tones = ['accent', 'plain', 'quiet', 'danger'] as const;
const forced = ['hover', 'focus-visible', 'active'] as const;
const hostile = 'worker\u202e\u0007 <b>bold</b> with a name that goes on and on';

interface Titled {
  readonly title: string;
  readonly children: ReactNode;
}

function Section({ title, children }: Titled): ReactElement {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Cell({ title, children }: Titled): ReactElement {
  return (
    <div className="sheet-cell">
      {children}
      <small>{title}</small>
    </div>
  );
}

function Buttons(): ReactElement {
  return (
    <Section title="Buttons">
      {tones.map((tone) => (
        <div className="sheet-row" key={tone}>
          <Cell title={tone}>
            <Button tone={tone}>Record</Button>
          </Cell>
          {forced.map((state) => (
            <Cell title={state} key={state}>
              <Button tone={tone} data-force={state}>
                Record
              </Button>
            </Cell>
          ))}
          <Cell title="pressed">
            <Button tone={tone} aria-pressed>
              Record
            </Button>
          </Cell>
          <Cell title="disabled">
            <Button tone={tone} disabled>
              Record
            </Button>
          </Cell>
          <Cell title="busy">
            <Button tone={tone} busy>
              Record
            </Button>
          </Cell>
          <Cell title="large">
            <Button tone={tone} large>
              Record
            </Button>
          </Cell>
        </div>
      ))}
    </Section>
  );
}

function IconButtons(): ReactElement {
  return (
    <Section title="Icon buttons and icons">
      <div className="sheet-row">
        <Cell title="rest">
          <IconButton label="Close">
            <icons.CloseIcon />
          </IconButton>
        </Cell>
        {forced.map((state) => (
          <Cell title={state} key={state}>
            <IconButton label="Close" data-force={state}>
              <icons.CloseIcon />
            </IconButton>
          </Cell>
        ))}
        <Cell title="pressed">
          <IconButton label="Split" aria-pressed>
            <icons.SplitIcon />
          </IconButton>
        </Cell>
        <Cell title="disabled">
          <IconButton label="Close" disabled>
            <icons.CloseIcon />
          </IconButton>
        </Cell>
      </div>
      <div className="sheet-row">
        {Object.entries(icons).map(([name, Icon]) => (
          <Cell title={name.replace('Icon', '')} key={name}>
            <Icon />
          </Cell>
        ))}
      </div>
    </Section>
  );
}

function Fields(): ReactElement {
  return (
    <Section title="Fields">
      <div className="sheet-row">
        <TextField label="Empty" value="" placeholder="web-1.example.com" onChange={nothing} />
        <TextField label="Filled, with a hint" value="deploy" hint="The user who logs in." onChange={nothing} />
      </div>
      <div className="sheet-row">
        <TextField label="Wrong" value="22x" error="A port is a number from 1 to 65535." onChange={nothing} />
        <TextField label="Code" value='{service_name="shop"}' mono onChange={nothing} />
      </div>
      <div className="sheet-row">
        <TextField label="Password" type="password" value="secret" onChange={nothing} />
        <TextField label="Time" type="datetime-local" value="2026-03-04T12:00:00" onChange={nothing} />
      </div>
      <div className="sheet-row">
        <div className="field">
          <span className="field-label">With the keys</span>
          <input className="input" data-force="focus-visible focus" aria-label="With the keys" defaultValue="web-1" />
        </div>
        <div className="field">
          <span className="field-label">Not to be changed</span>
          <input className="input" aria-label="Not to be changed" disabled defaultValue="web-1" />
        </div>
      </div>
      <TextAreaField
        label="Lines"
        rows={3}
        value={'- action: keep\n  source_labels: [container]'}
        hint="Rules as Prometheus has them."
        onChange={nothing}
      />
    </Section>
  );
}

const lengths = ['10', '20', '60'] as const;
const lengthLabels = { '10': '10 s', '20': '20 s', '60': '1 min' } as const;

function Choices(): ReactElement {
  const [length, setLength] = useState<(typeof lengths)[number]>('20');
  const shared = { values: lengths, labels: lengthLabels, onChoose: setLength };
  return (
    <Section title="Choices">
      <div className="sheet-row">
        <Cell title="one is chosen">
          <Segments label="Chosen" value={length} {...shared} />
        </Cell>
        <Cell title="none is">
          <Segments label="None" value={undefined} {...shared} />
        </Cell>
      </div>
      <div className="sheet-block">
        <Segments label="Wide" value={length} wide {...shared} />
      </div>
      <div className="sheet-row">
        <CheckField label="Off" checked={false} onChange={nothing} />
        <CheckField label="On" checked onChange={nothing} />
        <label className="check">
          <input type="checkbox" data-force="focus-visible" />
          <span>With the keys</span>
        </label>
        <label className="check">
          <input type="checkbox" disabled />
          <span>Not to be changed</span>
        </label>
      </div>
    </Section>
  );
}

const failure = {
  code: 'unreachable',
  message: 'web-1.example.com refused the connection on port 22. Look whether sshd runs there.',
  detail:
    'connect ECONNREFUSED 192.0.2.7:22\n    at a line that is as long as lines of stack traces are, and then some more of it',
} as const;

function Messages(): ReactElement {
  return (
    <Section title="Messages">
      <div className="banner" role="status">
        <span className="clip">Not the newest: the link is being opened again.</span>
        <Button tone="quiet">Try again</Button>
      </div>
      <div className="banner info" role="status">
        <span className="clip">The agent is of another version, 0.2.0, which is newer: it is kept.</span>
        <Button tone="quiet">Not now</Button>
      </div>
      <FailureNotice failure={{ code: failure.code, message: failure.message }} />
      <FailureNotice failure={failure} />
      <FailureDetail detail={failure.detail} open />
    </Section>
  );
}

function Menus(): ReactElement {
  return (
    <Section title="Menus">
      <div className="popover" role="menu" aria-label="Menu">
        <MenuItem close={nothing} onChoose={nothing}>
          Focus on it
        </MenuItem>
        <MenuItem close={nothing} onChoose={nothing} hint="Enter">
          Zoom to it
        </MenuItem>
        <MenuItem close={nothing} onChoose={nothing} disabled hint="search first">
          Keep stacks with a match
        </MenuItem>
        <hr />
        <MenuItem close={nothing} onChoose={nothing} danger>
          Remove the server…
        </MenuItem>
      </div>
    </Section>
  );
}

const shapes = ['on', 'busy', 'ready', 'off', 'warning', 'failed'] as const;

function Signs(): ReactElement {
  return (
    <Section title="Signs and names">
      <div className="sheet-row">
        {shapes.map((shape) => (
          <Cell title={shape} key={shape}>
            <StateDot shape={shape} />
          </Cell>
        ))}
      </div>
      <div className="sheet-row">
        <Cell title="curve">
          <Sparkline values={[1, 3, 2, 4, 3, 5, 4]} />
        </Cell>
        <Cell title="with a gap">
          <Sparkline values={[1, 3, NaN, NaN, 3, 5, 4]} />
        </Cell>
        <Cell title="nothing">
          <Sparkline values={[0, 0, 0]} />
        </Cell>
        <Cell title="keys">
          <kbd>Ctrl+Shift+P</kbd>
        </Cell>
        <Cell title="a hostile name">
          <span className="clipped">
            <Name text={hostile} />
          </span>
        </Cell>
        <Cell title="progress">
          <progress value={0.4} aria-label="Loading" />
        </Cell>
      </div>
    </Section>
  );
}

const theme = new URLSearchParams(location.search).get('theme') ?? 'dark';
document.documentElement.dataset['theme'] = theme;
const root = document.querySelector('#root');
if (root !== null) {
  createRoot(root).render(
    <main className="sheet" id="sheet">
      <Buttons />
      <IconButtons />
      <Fields />
      <Choices />
      <Messages />
      <Menus />
      <Signs />
    </main>,
  );
}
