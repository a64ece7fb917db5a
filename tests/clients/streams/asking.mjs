// What both clients have in common: they ask, and keep what they are told.

/** Everything a client is told of one operation, until it ends. */
export const all = (client, query, variables) =>
  new Promise((resolve) => {
    const told = [];
    client.subscribe({ query, variables }, {
      next: (value) => told.push(value),
      error: (error) => resolve({ told, error: worded(error) }),
      complete: () => resolve({ told, complete: true }),
    });
  });

/** The first of what a client is told, after which it wants no more. */
export const first = (client, query, variables) =>
  new Promise((resolve, reject) => {
    const told = [];
    const stop = client.subscribe({ query, variables }, {
      next: (value) => {
        told.push(value);
        stop();
      },
      error: reject,
      complete: () => resolve({ told, complete: true }),
    });
  });

const worded = (error) =>
  Array.isArray(error)
    ? error.map(({ message, extensions }) => ({ message, code: extensions.code }))
    : { code: error.code, reason: error.reason, status: error.response?.status };

export const NEWS = "subscription { news { number } }";
