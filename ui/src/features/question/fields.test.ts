import { expect, test } from 'vitest';
import type { FieldView } from '../../generated/wire';
import { beginning, missing } from './fields';

function field(changes: Partial<FieldView>): FieldView {
  return {
    name: 'host',
    label: 'Host',
    kind: 'text',
    options: [],
    open: false,
    required: true,
    secret: false,
    default: null,
    min: null,
    max: null,
    ...changes,
  };
}

test('fields begin with what is usual and say which of them still need something', () => {
  const fields = [field({}), field({ name: 'port', default: '22' }), field({ name: 'note', required: false })];
  const values = beginning(fields);
  expect(values).toEqual({ host: '', port: '22', note: '' });
  expect(missing(fields, values)).toEqual(['host']);
  expect(missing(fields, { ...values, host: ' ' })).toEqual(['host']);
  expect(missing(fields, { ...values, host: 'example', port: '' })).toEqual(['port']);
});
