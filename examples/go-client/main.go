// A client that knows nothing of Aisle but its address: it learns the messages by gRPC reflection.
//
//	go run . localhost:50051 "running shoes"
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jhump/protoreflect/v2/grpcdynamic"
	"github.com/jhump/protoreflect/v2/grpcreflect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go-client HOST:PORT QUERY")
	}
	page, err := search(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	show(page)
}

// search asks for a page.
func search(address, query string) (protoreflect.Message, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()

	reflection := grpcreflect.NewClientAuto(ctx, connection)
	defer reflection.Reset()
	file, err := reflection.FileContainingSymbol("aisle.v1.SearchService")
	if err != nil {
		return nil, err
	}
	method := file.Services().ByName("SearchService").Methods().ByName("Search")

	request := dynamicpb.NewMessage(method.Input())
	fields := request.Descriptor().Fields()
	request.Set(fields.ByName("query"), protoreflect.ValueOfString(query))
	request.Set(fields.ByName("page_size"), protoreflect.ValueOfUint32(5))
	answer, err := grpcdynamic.NewStub(connection).InvokeRPC(ctx, method, request)
	if err != nil {
		return nil, err
	}
	return answer.ProtoReflect(), nil
}

// show prints position, price and title of each result.
func show(page protoreflect.Message) {
	results := field(page, "results").List()
	for i := 0; i < results.Len(); i++ {
		result := results.Get(i).Message()
		product := field(result, "product").Message()
		price := field(field(product, "price").Message(), "amount").Float()
		fmt.Printf("%3d  %9.2f  %s\n", field(result, "position").Uint(), price, field(product, "title").String())
	}
	fmt.Printf("%d products\n", field(page, "total_count").Uint())
}

func field(message protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return message.Get(message.Descriptor().Fields().ByName(name))
}
