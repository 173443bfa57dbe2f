// One QUIC stream from a sender to a receiver, for as long as the bench lets them.
//
//	quic receive ADDRESS FILE    takes one connection and writes what its first stream carries to the file
//	quic send ADDRESS [FILE]     sends the file, or zeros without end
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"os"

	quic "github.com/lucas-clemente/quic-go"
)

const protocol = "pinhole-bench"

func main() {
	err := errors.New("usage: quic receive ADDRESS FILE | quic send ADDRESS [FILE]")
	if len(os.Args) == 4 && os.Args[1] == "receive" {
		err = receive(os.Args[2], os.Args[3])
	} else if len(os.Args) >= 3 && os.Args[1] == "send" {
		err = send(os.Args[2], os.Args[3:])
	}
	if err != nil {
		log.Fatal(err)
	}
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
	if err != nil {
		return err
	}
	os.Stdout.WriteString("done\n")
	return connection.CloseWithError(0, "")
}

func send(address string, files []string) error {
	configuration := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
	connection, err := quic.DialAddr(address, configuration, nil)
	if err != nil {
		return err
	}
	stream, err := connection.OpenUniStreamSync(context.Background())
	if err != nil {
		return err
	}
	if len(files) > 0 {
		file, err := os.Open(files[0])
		if err != nil {
			return err
		}
		if _, err = io.Copy(stream, file); err != nil {
			return err
		}
		if err = stream.Close(); err != nil {
			return err
		}
		<-connection.Context().Done()
		return nil
	}
	for buffer := make([]byte, 64<<10); ; {
		if _, err := stream.Write(buffer); err != nil {
			return err
		}
	}
}
