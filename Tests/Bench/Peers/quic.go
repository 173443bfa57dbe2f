// One QUIC stream from a sender to a receiver, for as long as the bench lets them.
//
//	quic receive ADDRESS FILE    takes one connection and writes what its first stream carries to the file
//	quic send ADDRESS            sends zeros
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"os"

	quic "github.com/lucas-clemente/quic-go"
)

const protocol = "pinhole-bench"

func main() {
	if len(os.Args) == 4 && os.Args[1] == "receive" {
		log.Fatal(receive(os.Args[2], os.Args[3]))
	} else if len(os.Args) == 3 && os.Args[1] == "send" {
		log.Fatal(send(os.Args[2]))
	}
	log.Fatal("usage: quic receive ADDRESS FILE | quic send ADDRESS")
}

func receive(address, path string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return err
	}
	listener, err := quic.ListenAddr(address, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: private}},
		NextProtos:   []string{protocol},
	}, nil)
	if err != nil {
		return err
	}
	os.Stdout.WriteString("ready\n")
	connection, err := listener.Accept(context.Background())
	if err != nil {
		return err
	}
	stream, err := connection.AcceptUniStream(context.Background())
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, stream)
	return err
}

func send(address string) error {
	configuration := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
	connection, err := quic.DialAddr(address, configuration, nil)
	if err != nil {
		return err
	}
	stream, err := connection.OpenUniStreamSync(context.Background())
	if err != nil {
		return err
	}
	for buffer := make([]byte, 64<<10); ; {
		if _, err := stream.Write(buffer); err != nil {
			return err
		}
	}
}
