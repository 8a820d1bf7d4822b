// Who is due and when the next one is, whatever comes and goes.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Agenda } from '../../../../src/core/protocols/srt/agenda.ts';

interface Item {
  place: number;
  readonly name: number;
}

const steps = fc.array(
  fc.record({ what: fc.constantFrom('add', 'add', 'remove', 'sending', 'rest'), which: fc.nat(200), at: fc.nat(1000) }),
  { minLength: 50, maxLength: 200, size: 'max' },
);

it('agrees with a plain list', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const agenda = new Agenda<Item>();
      const plain = new Map<Item, { sending: number; rest: number }>();
      for (const [name, { what, which, at }] of steps.entries()) {
        const item = [...plain.keys()][which % Math.max(1, plain.size)];
        if (what === 'add' || item === undefined) {
          const made = { place: 0, name };
          agenda.add(made);
          plain.set(made, { sending: Number.POSITIVE_INFINITY, rest: Number.POSITIVE_INFINITY });
        } else if (what === 'remove') {
          agenda.remove(item);
          plain.delete(item);
          // Late news of who has gone.
          agenda.setSending(item, 0);
          agenda.setRest(item, 0);
        } else if (what === 'sending') {
          agenda.setSending(item, at);
          plain.get(item)!.sending = at;
        } else {
          agenda.setRest(item, at);
          plain.get(item)!.rest = at;
        }
        const times = [...plain].map(([{ name }, { sending, rest }]) => ({ name, at: Math.min(sending, rest) }));

        expect(agenda.size).toBe(plain.size);
        expect(agenda.nearest).toBe(Math.min(Number.POSITIVE_INFINITY, ...times.map(({ at }) => at)));
        const due: number[] = [];
        for (let from = 0; ; ) {
          const one = agenda.due(from, at);
          if (one === undefined) break;
          due.push(one.name);
          from = one.place + 1;
        }
        const wanted = times.filter((one) => one.at <= at).map(({ name }) => name);
        expect(due.sort()).toEqual(wanted.sort());
      }
    }),
    { numRuns: 30 },
  );
});
