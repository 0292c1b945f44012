"""The floors: a training loop without d2l, and a matrix product.

Each framework's `training` returns a function that trains the chapter's
network for a number of batches, on a batch that is in memory already, and
`matmul` one that multiplies matrices; both return when it is done.
"""


class Torch:
    def training(self, model, X, Y, precision):
        import torch
        from torch.nn import functional as F
        net = model.net.to(X.device, memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

        def train(num_batches):
            for _ in range(num_batches):
                with torch.autocast(X.device.type, torch.bfloat16,
                                    enabled=precision == 'bfloat16'):
                    loss = F.cross_entropy(net(X), Y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss.item()

        return train

    def matmul(self, size, precision):
        import torch
        A = torch.ones(size, size, dtype=getattr(torch, precision))
        return lambda: (A @ A)[0, 0].item()


class Jax:
    def training(self, model, X, Y, precision):
        import jax
        import optax
        variables = jax.jit(model.init)(jax.random.PRNGKey(0), X)
        optimizer = optax.sgd(0.01)

        def loss(params, stats):
            params = jax.tree_util.tree_map(lambda a: a.astype(precision),
                                            params)
            Y_hat, updates = model.apply(
                {'params': params, 'batch_stats': stats}, X.astype(precision),
                mutable=['batch_stats'])
            Y_hat = Y_hat.astype('float32')
            losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
            return losses.mean(), updates['batch_stats']

        @jax.jit
        def step(params, stats, state):
            grads, stats = jax.grad(loss, has_aux=True)(params, stats)
            updates, state = optimizer.update(grads, state)
            return optax.apply_updates(params, updates), stats, state

        params, stats = variables['params'], variables['batch_stats']
        trained = [params, stats, optimizer.init(params)]

        def train(num_batches):
            for _ in range(num_batches):
                trained[:] = step(*trained)
            jax.block_until_ready(trained)

        return train

    def matmul(self, size, precision):
        import jax
        A = jax.numpy.ones((size, size), precision)
        multiply = jax.jit(lambda A: A @ A)
        return lambda: multiply(A).block_until_ready()


class TensorFlow:
    def training(self, model, X, Y, precision):
        import tensorflow as tf
        if precision == 'bfloat16':
            tf.config.optimizer.set_experimental_options(
                {'auto_mixed_precision_onednn_bfloat16': True})
        net = model.net
        net(X[:1])
        optimizer = tf.keras.optimizers.SGD(0.01)
        optimizer.build(net.trainable_variables)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    Y, net(X, training=True))
                loss = tf.reduce_mean(losses)
            params = net.trainable_variables
            gradients = tape.gradient(loss, params)
            optimizer.apply_gradients(zip(gradients, params, strict=True))
            return loss

        def train(num_batches):
            for _ in range(num_batches):
                loss = step()
            loss.numpy()

        return train

    def matmul(self, size, precision):
        import tensorflow as tf
        A = tf.ones((size, size), precision)
        multiply = tf.function(lambda: A @ A)
        return lambda: multiply()[0, 0].numpy()


class MXNet:
    def training(self, model, X, Y, precision):
        """Train the chapter's layers, in blocks that can be hybridized."""
        from mxnet import autograd, gluon, npx
        from mxnet.gluon import nn

        class Residual(nn.HybridBlock):
            def __init__(self, block):
                super().__init__()
                self.conv1, self.bn1 = block.conv1, block.bn1
                self.conv2, self.bn2 = block.conv2, block.bn2
                self.conv3 = block.conv3

            def hybrid_forward(self, F, X):
                Y = F.npx.relu(self.bn1(self.conv1(X)))
                Y = self.bn2(self.conv2(Y))
                return F.npx.relu(Y + (self.conv3(X) if self.conv3 else X))

        def hybrid(block):
            if isinstance(block, nn.Sequential):
                blocks = nn.HybridSequential()
                blocks.add(*map(hybrid, block))
                return blocks
            return Residual(block) if hasattr(block, 'conv1') else block

        net = hybrid(model.net)
        net.hybridize(static_alloc=True, static_shape=True)
        optimizer = gluon.Trainer(net.collect_params(), 'sgd',
                                  {'learning_rate': 0.01})
        loss_function = gluon.loss.SoftmaxCrossEntropyLoss()

        def train(num_batches):
            for _ in range(num_batches):
                with autograd.record():
                    loss = loss_function(net(X), Y).mean()
                loss.backward()
                optimizer.step(1)
            npx.waitall()

        return train

    def matmul(self, size, precision):
        from mxnet import np
        A = np.ones((size, size))
        return lambda: np.dot(A, A).wait_to_read()


FLOORS = {'torch': Torch, 'jax': Jax, 'tensorflow': TensorFlow,
          'mxnet': MXNet}
