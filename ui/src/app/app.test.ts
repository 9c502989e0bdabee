import { expect, test } from 'vitest';
import { aTask } from '../platform/fake';
import { routeOf } from './route';
import { firstTab } from './tabs';

test('the address says which window this is', () => {
  expect(routeOf('#quick')).toEqual({ window: 'quick' });
  expect(routeOf('')).toEqual({ window: 'quick' });
  expect(routeOf('#task/bold-falcon-427')).toEqual({ window: 'task', id: 'bold-falcon-427' });
  expect(routeOf('#task/')).toEqual({ window: 'quick' });
  expect(routeOf('#quick?brief=Tidy%20up%0Anow&folder=%2Fhome%2Fada')).toEqual({
    window: 'quick',
    draft: { brief: 'Tidy up\nnow', folder: '/home/ada' },
  });
  expect(routeOf('#quick?brief=%23task%2Fx')).toEqual({ window: 'quick', draft: { brief: '#task/x', folder: '' } });
  expect(routeOf('#inbox')).toEqual({ window: 'inbox' });
  expect(routeOf('#answer/bold-falcon-427/q1')).toEqual({ window: 'answer', id: 'bold-falcon-427', question: 'q1' });
  expect(routeOf('#answer/bold-falcon-427')).toEqual({ window: 'quick' });
  expect(routeOf('#task/%E0%A4%A')).toEqual({ window: 'quick' });
});

test('the log comes first until there is a result', () => {
  const artifact = { run: 1, report: '', html: '', format: 'text', outcome: '', notify: true, verification: [], at: '' };
  expect(firstTab(aTask({ state: 'running' }))).toBe('log');
  expect(firstTab(aTask({ state: 'running', artifact }))).toBe('log');
  expect(firstTab(aTask({ state: 'completed', artifact }))).toBe('result');
  expect(firstTab(aTask({ state: 'cancelled' }))).toBe('log');
});
