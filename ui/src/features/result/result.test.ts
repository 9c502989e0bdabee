import { expect, test } from 'vitest';
import { formsOf, linkAt } from './result';

const artifact = (format: string, report: string, html = '<p>x</p>') => ({ run: 1, report, html, format, outcome: '', notify: true, verification: [], at: '' });

test('program output is text, and Markdown only where it looks like it', () => {
  expect(formsOf(artifact('text', 'total 3\n-rw-r--r-- a'))).toEqual(['text']);
  expect(formsOf(artifact('text', '# Report\n\nDone.'))).toEqual(['text', 'markdown']);
  expect(formsOf(artifact('text', '- one\n- two'))).toEqual(['text', 'markdown']);
  expect(formsOf(artifact('text', '#!/bin/sh'))).toEqual(['text']);
});

test('Markdown is shown rendered, and as text on request', () => {
  expect(formsOf(artifact('markdown', 'plain words'))).toEqual(['markdown', 'text']);
  expect(formsOf(artifact('markdown', 'words', ''))).toEqual(['text']);
});

test('only links that lead out are followed', () => {
  const box = document.createElement('div');
  const press = (href: string) => {
    box.innerHTML = `<a href="${href}"><code>x</code></a>`;
    return linkAt(box.querySelector('code'));
  };
  expect(press('https://example.org/a?b=1')).toBe('https://example.org/a?b=1');
  expect(press('mailto:ada@example.org')).toBe('mailto:ada@example.org');
  for (const href of ['javascript:alert(1)', 'file:///etc/passwd', '#top', 'notes.html', 'data:text/html,x']) expect(press(href)).toBeNull();
  expect(linkAt(box)).toBeNull();
});
