import * as tf from '@tensorflow/tfjs-core';

/** tf.tidy for results that hold null or are typed by interfaces, which its own signature refuses. */
export const inTidy = <T extends object>(make: () => T): T =>
  tf.tidy(() => make() as unknown as tf.TensorContainerObject) as unknown as T;

/** All tensors in a nested result, but those that belong to somebody else. */
export const tensorsIn = (held: object, notOurs: readonly tf.Tensor[] = []): tf.Tensor[] =>
  tf.tensor_util.getTensorsInContainer(held as tf.TensorContainerObject).filter((tensor) => !notOurs.includes(tensor));
