"""A client that knows nothing of Aisle but its address: it learns the messages by gRPC reflection.

pip install grpcio-reflection
python reflection_client.py localhost:50051 "running shoes"
"""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


def main(address: str, query: str) -> None:
    """Ask for a page and print it."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        print("services:", ", ".join(sorted(database.get_services())))
        method = pool.FindServiceByName("aisle.v1.SearchService").FindMethodByName("Search")
        request_class = GetMessageClass(method.input_type)
        page_class = GetMessageClass(method.output_type)
        search = channel.unary_unary(
            "/aisle.v1.SearchService/Search",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=page_class.FromString,
        )
        page = search(request_class(query=query, page_size=5, explain=True))
    for result in page.results:
        print(f"{result.position:3}  {result.product.price.amount:9.2f}  {result.product.title}")
    print(f"{page.total_count} products")


if __name__ == "__main__":
    main(*sys.argv[1:])
