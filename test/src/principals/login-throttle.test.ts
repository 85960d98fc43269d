/** How fast passwords may be guessed, on a clock of our own. */
import t from 'tap';
import { LoginThrottle } from '../../../src/principals/login-throttle.ts';

function withClock() {
  const clock = { at: 1_000_000 };
  return { clock, throttle: new LoginThrottle(() => clock.at) };
}

t.test('five failures are free, then one a second', (t) => {
  const { clock, throttle } = withClock();
  for (let i = 0; i < 5; i++) t.equal(throttle.attempt('anna', '192.0.2.1'), 0);
  t.equal(throttle.attempt('anna', '192.0.2.1'), 1_000);
  clock.at += 400;
  t.equal(throttle.attempt('anna', '192.0.2.1'), 600);
  let answered = 0;
  for (let i = 0; i < 100; i++) {
    clock.at += 100;
    if (throttle.attempt('anna', '192.0.2.1') === 0) answered++;
  }
  t.equal(answered, 10, 'ten in ten seconds');
  t.end();
});

t.test('other names and networks are not affected, neighbours in a /64 are', (t) => {
  const { throttle } = withClock();
  for (let i = 0; i < 6; i++) throttle.attempt('anna', '2001:db8::1');
  t.equal(throttle.attempt('bob', '2001:db8::1'), 0);
  t.equal(throttle.attempt('anna', '192.0.2.1'), 0);
  t.not(throttle.attempt('anna', '2001:db8::2'), 0);
  t.end();
});

t.test('success forgives, time forgets, what could not be verified does not count', (t) => {
  const { clock, throttle } = withClock();
  for (let i = 0; i < 5; i++) throttle.attempt('anna', '192.0.2.1');
  throttle.succeeded('anna', '192.0.2.1');
  for (let i = 0; i < 5; i++) t.equal(throttle.attempt('anna', '192.0.2.1'), 0);
  t.not(throttle.attempt('anna', '192.0.2.1'), 0);
  clock.at += 15 * 60_000;
  for (let i = 0; i < 5; i++) t.equal(throttle.attempt('anna', '192.0.2.1'), 0);
  for (let i = 0; i < 50; i++) {
    t.equal(throttle.attempt('bob', '192.0.2.2'), 0);
    throttle.withdraw('bob', '192.0.2.2');
  }
  t.end();
});

t.test('a network that tries many names is stopped at a hundred failures a minute', (t) => {
  const { clock, throttle } = withClock();
  for (let i = 0; i < 100; i++) t.equal(throttle.attempt(`name${i}`, '192.0.2.1'), 0);
  clock.at += 20_000;
  t.equal(throttle.attempt('another', '192.0.2.1'), 40_000);
  t.equal(throttle.attempt('another', '192.0.2.2'), 0);
  clock.at += 40_000;
  t.equal(throttle.attempt('another', '192.0.2.1'), 0);
  t.end();
});

t.test('memory is bounded', (t) => {
  const { throttle } = withClock();
  for (let i = 0; i < 60_000; i++) throttle.attempt(`name${i}`, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  t.ok(throttle.size <= 40_000, `${throttle.size} entries`);
  t.end();
});
