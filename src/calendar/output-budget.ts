/**
 * What one answer with calendar data may still take. Expansion multiplies a small object by its occurrences
 * (RFC 4791 §9.6.5), so instances and text are counted down over all objects of an answer.
 */
import { DomainError } from '../errors.ts';

export interface OutputBudget {
  /** Of the recurrence engine, see recurrence.ts. */
  steps: number;
  instances: number;
  /** Measured in UTF-16 units, which is near enough. */
  octets: number;
}

/** A budget for one answer: a daily event over 50 years fits. */
export function outputBudget(): OutputBudget {
  return { steps: 3_000_000, instances: 20_000, octets: 10_000_000 };
}

/** @throws DomainError too-many-instances when the text is more than is left */
export function spend(budget: OutputBudget, text: string): string {
  budget.octets -= text.length;
  if (budget.octets < 0) throw new DomainError('too-many-instances', 'The answer would be too large.');
  return text;
}
