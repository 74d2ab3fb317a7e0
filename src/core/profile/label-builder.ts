import { growingU32 } from './columns.js';
import { createPairTable } from './pair-table.js';
import type { Labels } from './profile.js';

/** A label as importers read it: string indices, and a number that counts where `text` is 0. */
export interface NewLabel {
  readonly key: number;
  readonly text: number;
  readonly number: bigint;
  readonly unit: number;
}

/** Collects distinct labels and sets of them; `freeze` ends its mutable phase. */
export interface LabelBuilder {
  /** The index of a set of labels, in whatever order and however often each stands there; 0 for none. */
  set(labels: readonly NewLabel[]): number;
  freeze(): Labels;
}

/** Makes a builder that holds label 0 and the empty set. */
export function createLabelBuilder(): LabelBuilder {
  const key = growingU32();
  const text = growingU32();
  const unit = growingU32();
  const number: bigint[] = [];
  const known = new Map<string, number>();
  const setPrefix = growingU32();
  const setLabel = growingU32();
  const sets = createPairTable();
  const indexOf = (label: NewLabel): number => {
    const isText = label.text !== 0;
    const value = isText ? 0n : BigInt.asIntN(64, label.number);
    const unitIndex = isText ? 0 : label.unit;
    const name = `${label.key} ${label.text} ${value} ${unitIndex}`;
    let index = known.get(name);
    if (index === undefined) {
      index = key.push(label.key);
      text.push(label.text);
      number.push(value);
      unit.push(unitIndex);
      known.set(name, index);
    }
    return index;
  };
  indexOf({ key: 0, text: 0, number: 0n, unit: 0 });
  setPrefix.push(0);
  setLabel.push(0);
  return {
    set(labels) {
      let set = 0;
      let before = 0;
      for (const label of labels.map(indexOf).sort((a, b) => a - b)) {
        if (label === before) continue; // label 0 is none
        before = label;
        let next = sets.find(set, label);
        if (next < 0) {
          next = setPrefix.push(set);
          setLabel.push(label);
          sets.insert(set, label, next);
        }
        set = next;
      }
      return set;
    },
    freeze: () => ({
      key: key.freeze(),
      text: text.freeze(),
      number: BigInt64Array.from(number),
      unit: unit.freeze(),
      setPrefix: setPrefix.freeze(),
      setLabel: setLabel.freeze(),
    }),
  };
}
