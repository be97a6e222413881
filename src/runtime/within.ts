/**
 * Waits for something at most so many seconds; rejects then with an Error that says what did not come. Seconds are
 * counted one by one: those in which the machine sleeps, or the page is frozen, are none.
 */
export async function within<T>(seconds: number, what: string, awaited: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setInterval> | undefined;
  let left = seconds;
  const late = new Promise<never>((_, reject) => {
    const tick = () => {
      if (--left <= 0) reject(new Error(`${what} did not come within ${seconds} seconds.`));
    };
    timer = setInterval(tick, 1000);
  });
  return Promise.race([awaited, late]).finally(() => clearInterval(timer));
}
