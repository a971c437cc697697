package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
)

const (
	provisioner       = "bitebyte.io/node-folder"
	selectedNode      = "volume.kubernetes.io/selected-node" // written by the scheduler
	provisionedBy     = "pv.kubernetes.io/provisioned-by"    // tells the volume controller who deletes it
	folderMode        = 0o777                                // a pod's user is not known here
	hostnameNodeLabel = corev1.LabelHostname
)

// volumes makes a PersistentVolume, backed by a folder, for each claim that the scheduler gave to
// this node, and removes both when the claim is gone and the class says Delete.
type volumes struct {
	node, root string
	client     kubernetes.Interface
	claims     corelisters.PersistentVolumeClaimLister
	made       corelisters.PersistentVolumeLister
	classes    storagelisters.StorageClassLister
	changed    <-chan struct{}
}

func newVolumes(node, root string, client kubernetes.Interface, factory informers.SharedInformerFactory) *volumes {
	claims, made := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	return &volumes{
		node, root, client, claims.Lister(), made.Lister(), classes.Lister(),
		signalOn(claims.Informer(), made.Informer(), classes.Informer()),
	}
}

// reconcile tries everything that is open; what fails is logged and tried again later.
func (v *volumes) reconcile(ctx context.Context) {
	claims, _ := v.claims.List(labels.Everything())
	for _, claim := range claims {
		if claim.Status.Phase == corev1.ClaimPending && claim.Annotations[selectedNode] == v.node {
			if err := v.provision(ctx, claim); err != nil {
				log.Printf("volume for %s/%s: %v", claim.Namespace, claim.Name, err)
			}
		}
	}
	made, _ := v.made.List(labels.Everything())
	for _, volume := range made {
		if v.isAbandoned(volume) {
			if err := v.remove(ctx, volume); err != nil {
				log.Printf("removing %s: %v", volume.Name, err)
			}
		}
	}
}

func (v *volumes) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := v.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != provisioner {
		return err
	}
	name := "pvc-" + string(claim.UID) // one claim, one name: a second try meets the first one's work
	folder := filepath.Join(v.root, name)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	if err := os.Chmod(folder, folderMode); err != nil { // MkdirAll is subject to the umask
		return err
	}
	_, err = v.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName:              class.Name,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      claim.Spec.Resources.Requests,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			// "local", not "hostPath": only the former gets the group that the pod's fsGroup names.
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: folder}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: hostnameNodeLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{v.node}}},
			}}}},
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// isAbandoned tells whether a volume is ours, on this node, and wanted by nobody any more.
func (v *volumes) isAbandoned(volume *corev1.PersistentVolume) bool {
	return volume.Annotations[provisionedBy] == provisioner &&
		volume.Status.Phase == corev1.VolumeReleased &&
		volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete &&
		slices.Equal(volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values, []string{v.node})
}

func (v *volumes) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return err
	}
	return v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
}
