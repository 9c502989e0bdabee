import type { FieldView } from '../../generated/wire';

/** What stands in each field before anything is typed. */
export function beginning(fields: FieldView[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field.name, field.default ?? '']));
}

/** The names of fields that still need something. The engine decides about the rest. */
export function missing(fields: FieldView[], values: Record<string, string>): string[] {
  const empty = (field: FieldView): boolean => (values[field.name] ?? '').trim() === '';
  return fields.filter((field) => field.required !== false && empty(field)).map(({ name }) => name);
}
