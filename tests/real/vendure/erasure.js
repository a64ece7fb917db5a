// What a shop needs so that it can forget a customer: Vendure's own deleteCustomer only hides them.
const {
  Address, Allow, Ctx, Customer, NativeAuthenticationMethod, Order, Permission, PluginCommonModule, Session,
  Transaction, TransactionalConnection, User, VendurePlugin,
} = require('@vendure/core');
const { Args, Mutation, Resolver } = require('@nestjs/graphql');
const gql = require('graphql-tag');

const decorate = (decorators, target, key) => {
  const descriptor = Object.getOwnPropertyDescriptor(target, key);
  decorators.forEach(decorator => decorator(target, key, descriptor));
};

class ErasureResolver {
  constructor(connection) { this.connection = connection; }

  // One transaction: all of it or nothing. True once nothing names the customer any more.
  async eraseCustomer(ctx, args) {
    const of = entity => this.connection.getRepository(ctx, entity);
    const customer = await of(Customer).findOne({ where: { id: args.id }, relations: ['user', 'addresses', 'orders'] });
    if (!customer) return true;
    const nobody = `erased-${customer.id}@erased.invalid`;
    for (const order of customer.orders) {
      for (const entity of ['OrderHistoryEntry', 'OrderModification']) await of(entity).delete({ order: { id: order.id } });
      await of(Order).update({ id: order.id }, { shippingAddress: {}, billingAddress: {} });
    }
    await of('CustomerHistoryEntry').delete({ customer: { id: customer.id } });
    await of(Address).delete({ customer: { id: customer.id } });
    if (customer.user) {
      await of(Session).delete({ user: { id: customer.user.id } });
      await of(NativeAuthenticationMethod).delete({ user: { id: customer.user.id } });
      await of(User).update({ id: customer.user.id }, { identifier: nobody, deletedAt: new Date() });
    }
    await of(Customer).update({ id: customer.id }, {
      title: null, firstName: '', lastName: '', phoneNumber: null, emailAddress: nobody,
      deletedAt: customer.deletedAt ?? new Date(),
    });
    return true;
  }
}
Resolver()(ErasureResolver);
Reflect.defineMetadata('design:paramtypes', [TransactionalConnection], ErasureResolver);
Ctx()(ErasureResolver.prototype, 'eraseCustomer', 0);
Args()(ErasureResolver.prototype, 'eraseCustomer', 1);
decorate([Transaction(), Mutation(), Allow(Permission.DeleteCustomer)], ErasureResolver.prototype, 'eraseCustomer');

class ErasurePlugin {}
VendurePlugin({
  imports: [PluginCommonModule],
  adminApiExtensions: {
    schema: gql.gql`extend type Mutation { eraseCustomer(id: ID!): Boolean! }`,
    resolvers: [ErasureResolver],
  },
  compatibility: '^3.0.0',
})(ErasurePlugin);

exports.ErasurePlugin = ErasurePlugin;
