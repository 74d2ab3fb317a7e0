import { formatShare } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { LessonId } from '../../state/learning.js';
import type { LearnFacts, SelectedFrame } from './facts.js';

/** What is said to what the reader did: that it is right, or what is missing. */
export interface Reply {
  readonly done: boolean;
  readonly text: string;
}

/** One lesson: what is told, and the one thing to do in the graph. */
export interface Lesson {
  readonly title: string;
  readonly text: readonly string[];
  readonly task: string;
  /** null: nothing that belongs to the task was done yet. */
  readonly reply: (facts: LearnFacts) => Reply | null;
}

/** The pages of the shop that was recorded. */
const pages = ['checkout_view', 'catalogue_view', 'report_view'] as const;
/** From so many levels of the whole on a frame is deep, up to this share it is narrow. */
const deepPart = 0.6;
const narrowShare = 0.01;
/** Own time that is worth looking at. */
const leastSelf = 0.02;
/** What a program does while it waits, by what it calls for it. */
const waits = /select|poll|sleep|wait|recv/i;
/** What is spread over many thin frames in the recording. */
const spreadSearch = /free/i;
/** What the change of the shop made slower. */
const changedFunction = 'add_shipping';
const leastGrowth = 0.25;

const done = (text: string): Reply => ({ done: true, text });
const notYet = (text: string): Reply => ({ done: false, text });
const named = ({ name }: SelectedFrame): string => visibleText(name);

function widestPage({ selected, shareOf }: LearnFacts): Reply | null {
  const page = pages.find((name) => name === selected?.name);
  if (page === undefined || selected === null) return null;
  const shares = pages.map(shareOf);
  const own = `${page} was in ${formatShare(shareOf(page))} of the samples`;
  return shareOf(page) === Math.max(...shares)
    ? done(
        `Right: ${own}, and that is how wide its frame is. The details, on the right, have the numbers of each frame.`,
      )
    : notYet(`${own}. One of the other two is wider.`);
}

function neighbour({ selected }: LearnFacts): Reply | null {
  if (selected === null) return null;
  if (selected.wider === 0)
    return notYet(`${named(selected)} is the widest of its caller. Now press → to go along the level.`);
  return done(
    `${named(selected)} stands further right because it is narrower, and for no other reason. When each sample was taken is in the heat map (tab 6), not here.`,
  );
}

function deepAndNarrow({ selected, levels }: LearnFacts): Reply | null {
  if (selected === null) return null;
  const where = `${named(selected)} is on level ${selected.level} of ${levels - 1}, and has ${formatShare(selected.share)}`;
  const deep = selected.level >= deepPart * (levels - 1);
  if (deep && selected.share < narrowShare) {
    return done(`${where}: a long way down, and hardly any time. A tower is a chain of calls, not a cost.`);
  }
  if (deep) return notYet(`${where}. Deep enough: look for a thinner one.`);
  return notYet(`${where}. Go further down: drag the graph, or press ↓.`);
}

function plateau({ selected }: LearnFacts): Reply | null {
  if (selected === null) return null;
  const words = `${named(selected)} has ${formatShare(selected.share)} in total, ${formatShare(selected.self)} itself`;
  if (selected.self < selected.share / 2)
    return notYet(`${words}: it is a way to the cost. Follow it down to where the width ends.`);
  if (selected.self < leastSelf)
    return notYet(`${words}. That is self time, but too little to matter: look for a wider one.`);
  return done(
    `${words}: here the time is spent, in its own instructions. Self times can be added up; together they are the whole.`,
  );
}

function waiting({ search, found }: LearnFacts): Reply | null {
  if (search === '' || found === null) return null;
  if (!waits.test(search)) return notYet(`“${visibleText(search)}” is nothing to wait in. Try select.`);
  return done(
    `Only ${formatShare(found.share)}, though the worker sat there whenever no request came. Waiting for a database or a lock looks the same: it has no width.`,
  );
}

function callersOfRules({ selected, sandwich }: LearnFacts): Reply | null {
  if (selected?.name !== 'price_rules') return sandwich ? notYet('Select price_rules in the graph first.') : null;
  if (!sandwich) return notYet('Now open the tab Sandwich, or press 3.');
  return done(
    'Above price_rules stands who calls it: all three pages. Below it what it calls, all of its frames taken together. What is called from many places is seen whole only here, and in the table.',
  );
}

function spread({ search, found }: LearnFacts): Reply | null {
  if (search === '' || found === null) return null;
  if (!spreadSearch.test(search))
    return notYet(`“${visibleText(search)}” has ${formatShare(found.share)}. Now search for free.`);
  return done(
    `${formatShare(found.share)} of the time lies in or below a function that gives memory back, counted once. The widest of their frames has ${formatShare(found.widest)}, and most cannot be seen at all.`,
  );
}

function cause({ selected }: LearnFacts): Reply | null {
  if (selected === null) return null;
  const at = selected.path.indexOf(changedFunction);
  if (at >= 0) {
    return done(
      `${changedFunction} it is. After the change it counts shipping in steps of 5 g instead of 500, a hundred times as many rounds. Its callers are red only because they contain it.`,
    );
  }
  return selected.growth >= leastGrowth
    ? notYet(`${named(selected)} grew, but what it calls did: follow the red down to where it ends.`)
    : notYet(`${named(selected)} is not where the growth is. Look for red.`);
}

export const lessons: Readonly<Record<LessonId, Lesson>> = {
  width: {
    title: 'Width is time',
    text: [
      'This is a real recording: a small shop in Python under load. 97 times a second the agent noted which function ran, who had called it, and so on up to the start of the program. Equal stacks were counted.',
      'Each box, a frame, is a function in one place of the program: called by the frame above it, calling those below. It is as wide as the part of the samples in which it stood.',
    ],
    task: `The shop has three pages: ${pages.join(', ')}. Click the frame of the one that took the most time. The search (Ctrl+F) finds them.`,
    reply: widestPage,
  },
  order: {
    title: 'Left and right mean nothing',
    text: [
      'A flame graph is no timeline. The samples of a minute were added up, and which came first is not in it.',
      'Frames with the same caller are sorted, the widest first, so that the same profile always looks the same.',
    ],
    task: 'Click a frame that has neighbours, and press → to go to the next one on its level.',
    reply: neighbour,
  },
  depth: {
    title: 'Depth is no cost',
    text: [
      'Down goes who calls whom. Frameworks, recursion and interpreters make high towers: between two functions of a Python program may stand a dozen of Django’s, and of the interpreter itself.',
      'A high tower is a long chain of calls. How long it took is told by its width alone.',
    ],
    task: `Find a frame in the lower part of the graph with less than ${formatShare(narrowShare)} of the time, and select it.`,
    reply: deepAndNarrow,
  },
  self: {
    title: 'Self and total',
    text: [
      'Total is the time in a function and in all that it called: its width. Self is what remains for its own instructions: the part of its lower edge below which nothing stands.',
      'Large total and small self: a way to the cost. Large self, a plateau: the cost.',
    ],
    task: 'Follow the width down, and select a frame that has at least half of its time itself.',
    reply: plateau,
  },
  cpu: {
    title: 'Only what ran',
    text: [
      'Samples are taken of what runs on a CPU. A request that computes for 100 ms and waits for its database for 900 ms appears with 100 ms.',
      'A slow service with a thin graph waits for somebody. The graph of the one who waits does not show it.',
    ],
    task: 'Between requests this shop waits for the next one. Search for where (Ctrl+F): it calls select for that.',
    reply: waiting,
  },
  sandwich: {
    title: 'Who calls it, what it calls',
    text: [
      'A function that is called from three places has three frames, perhaps none of them wide. The sandwich takes all frames of one function together: its callers above, what it calls below.',
    ],
    task: 'All pages ask price_rules what things cost. Select one of its frames, then open the tab Sandwich (3).',
    reply: callersOfRules,
  },
  traps: {
    title: 'Common traps',
    text: [
      'The widest frame is not the culprit: the start of the program is always the widest. Ask where width ends.',
      'Totals of frames below each other are the same time: adding them counts it twice. A frame of 3 % made faster for ever gains 3 %, and one of five samples may be chance.',
      'And the other way round: many thin frames add up. A cost that is spread over forty places is seen by no eye, but by the search.',
    ],
    task: 'Memory is given back in many places. Search for free, and look at the share beside the search.',
    reply: spread,
  },
  diff: {
    title: 'What changed',
    text: [
      'Two recordings in one picture: A before a change of the shop, B after it. Red is more in B, blue is less; the width is the mean of both.',
      'Callers of what grew grow with it. The cause is where the red ends. Between windows of an agent Pyrometer also tells what is chance; two files have no windows, so here colours tell the size only.',
    ],
    task: 'Find the function that the change made slower, and click it.',
    reply: cause,
  },
};
