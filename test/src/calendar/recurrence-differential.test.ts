import t from 'tap';
import { compareWithDateutil } from '../../support/recurrence-differential.ts';

t.test('RFC 5545 §3.3.10, 400 random rules as python-dateutil has them', async (t) => {
  const { compared, differences } = await compareWithDateutil(20_250_106, 400);
  t.same(differences, [], 'differences are explained in docs/recurrence.md, or they are errors');
  t.ok(compared >= 320, `${compared} rules compared; dateutil walks too long for the others`);
});
