/** Waits for something at most so many seconds; rejects then with an Error that says what did not come. */
export async function within<T>(seconds: number, what: string, awaited: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${seconds} seconds.`)), 1000 * seconds);
  });
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer));
}
