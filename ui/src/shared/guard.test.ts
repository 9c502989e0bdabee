import { expect, test } from 'vitest';
import { Guard } from './guard';

function clocked() {
  const clock = { now: 10_000 };
  const guard = new Guard(() => clock.now);
  const pressed = (timeStamp = clock.now) => guard.takes({ timeStamp });
  return { clock, guard, pressed };
}

test('nothing is taken before a card was shown, and in its first moments', () => {
  const { clock, guard, pressed } = clocked();
  expect(pressed()).toBe(false);
  guard.shown();
  expect(pressed()).toBe(false);
  clock.now += 399;
  expect(pressed()).toBe(false);
  clock.now += 1;
  expect(pressed()).toBe(true);
});

test('what counts is when the key went down, not when it is looked at', () => {
  const { clock, guard, pressed } = clocked();
  const meantForTheCardBefore = clock.now - 50;
  guard.shown();
  // The window was busy for two seconds.
  clock.now += 2_000;
  expect(pressed(meantForTheCardBefore)).toBe(false);
  expect(pressed(clock.now - 1_900)).toBe(false);
  expect(pressed(clock.now - 1_000)).toBe(true);
});

test('what changes under the person has to be looked at again', () => {
  const { clock, guard, pressed } = clocked();
  guard.shown();
  clock.now += 5_000;
  guard.shown();
  clock.now += 100;
  expect(pressed()).toBe(false);
});

test('a time from another clock is not believed, and locks nobody out', () => {
  const { clock, guard, pressed } = clocked();
  clock.now = 500_000;
  guard.shown();
  clock.now += 1_000;
  expect(pressed(0)).toBe(true);
  expect(pressed(1.7e12)).toBe(true);
  guard.shown();
  expect(pressed(1.7e12)).toBe(false);
});
