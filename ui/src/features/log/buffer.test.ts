import { expect, test } from 'vitest';
import { aLine } from '../../platform/fake';
import { LogBuffer } from './buffer';

const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => aLine(from + i));
const rows = (buffer: LogBuffer) => buffer.chunks.flatMap((chunk) => chunk.rows);
const seqs = (buffer: LogBuffer) => rows(buffer).map(({ line }) => line.seq);

test('keeps each line once, whatever is sent again', () => {
  const buffer = new LogBuffer();
  expect(buffer.add(lines(1, 5))).toBe(5);
  expect(buffer.add(lines(3, 7))).toBe(2);
  expect(buffer.add(lines(1, 7))).toBe(0);
  expect(seqs(buffer)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(buffer.next).toBe(8);
});

test('never grows beyond its cap, and says that something went', () => {
  const buffer = new LogBuffer(5000);
  for (let from = 1; from <= 100_000; from += 1000) buffer.add(lines(from, from + 999));
  expect(buffer.length).toBeLessThanOrEqual(5000);
  expect(buffer.length).toBeGreaterThan(4700);
  expect(rows(buffer)).toHaveLength(buffer.length);
  expect(buffer.dropped).toBe(true);
  expect(buffer.last?.seq).toBe(100_000);
});

test('one batch larger than the cap is cut too', () => {
  const buffer = new LogBuffer(1000);
  buffer.add(lines(1, 20_000));
  expect(buffer.length).toBeLessThanOrEqual(1000);
  expect(buffer.last?.seq).toBe(20_000);
});

test('chunks that are complete stay the same, so that they are not drawn again', () => {
  const buffer = new LogBuffer();
  buffer.add(lines(1, 450));
  const before = buffer.chunks;
  buffer.add(lines(451, 460));
  expect(buffer.chunks[0]).toBe(before[0]);
  expect(buffer.chunks[1]).toBe(before[1]);
  expect(buffer.chunks[2]).not.toBe(before[2]);
  expect(buffer.chunks[2]?.id).toBe(before[2]?.id);
});

test('marks where output was left out, unless a note says it', () => {
  const buffer = new LogBuffer();
  buffer.add([aLine(1), aLine(9), aLine(20, { stream: 'note' }), aLine(21)]);
  expect(rows(buffer).map(({ hole }) => hole)).toEqual([false, true, false, false]);
});

test('a log that begins late has no hole before its first line', () => {
  const buffer = new LogBuffer();
  buffer.add([aLine(500)]);
  expect(rows(buffer)[0]?.hole).toBe(false);
});

test('marks a new run and the first line of each block of errors', () => {
  const buffer = new LogBuffer();
  buffer.add([aLine(1), aLine(2, { stream: 'err' }), aLine(3, { stream: 'err' }), aLine(4, { stream: 'err', run: 2 })]);
  expect(rows(buffer).map(({ leads }) => leads)).toEqual([true, true, false, true]);
  expect(rows(buffer).map(({ newRun }) => newRun)).toEqual([false, false, false, true]);
});

test('the text of the lines, to copy', () => {
  const buffer = new LogBuffer();
  buffer.add([aLine(1, { text: 'a' }), aLine(2, { text: '' }), aLine(3, { text: 'c' })]);
  expect(buffer.text()).toBe('a\n\nc');
});
