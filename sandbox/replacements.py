"""Which property changes replace a resource, where the SDK's documentation does not say it or says it wrongly."""

import functools
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

# The documentation says it in many ways; "without recreating", "not force a new resource" say the opposite.
_SAYS = re.compile(
    r"forc(?:es?|ing) (?:a |an |the )?(?:creation of a )?(?:new resource|replacement|(?:resource )?re-?creation)"
    r"|(?:forces?|causes?) (?:a )?resource (?:replacement|re-?creation)"
    r"|chang(?:es?|ing)\b[^.]{0,60}\b(?:creates?|creating|create a) (?:a )?new resource"
    r"|(?:changing|modifying|updating)\b[^.]{0,60}\b(?:re-?creates?|replaces?) the resource"
    r"|trigger recreation of resource"
    r"|(?:^|[.\n] *)immutable\b|\bis immutable\b|\bimmutable once\b"
    r"|(?:cannot|can't|can not) be (?:changed|modified|updated) (?:after|once)",
    re.IGNORECASE,
)
_DENIES = re.compile(r"(?:\bnot|n't|without|never|avoids?|prevents?|to prevent)\b[^.]{0,30}$", re.IGNORECASE)


@functools.cache
def says_replacement(doc: str) -> bool:
    """Whether the documentation of a property says that changing it replaces the resource."""
    return any(not _DENIES.search(doc[: match.start()]) for match in _SAYS.finditer(doc))


def is_binding(token: str) -> bool:
    """Whether the type is one grant to one member: another member or role is another grant."""
    return token.endswith(("IAMMember", "IamMember"))


def _table(text: str) -> dict[str, frozenset[str]]:
    """Rows of `package:module/kind property property ...`; a row that would be too long goes on in another."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset[str])
    for module, *paths in (row.split() for row in text.strip().splitlines()):
        kind = module.rpartition("/")[2]
        found[f"{module}:{kind[:1].upper()}{kind[1:]}"] |= frozenset(paths)
    return found


REPLACED_EVERYWHERE: Final[Mapping[str, frozenset[str]]] = defaultdict(
    frozenset[str],
    {
        "aws": frozenset({"region"}),
        "aws:s3": frozenset({"bucket"}),
        "gcp": frozenset({"project", "location", "region", "zone", "name"}),
        "kubernetes": frozenset({"metadata.name", "metadata.namespace", "apiVersion", "kind"}),
        "vault": frozenset({"namespace"}),
    },
)
"""By package (or its module): true of every type of it but for the exceptions marked with a `!` below."""

_AWS = """
aws:acm/certificate domainName subjectAlternativeNames validationMethod keyAlgorithm
aws:backup/vault name kmsKeyArn
aws:cloudwatch/logGroup name namePrefix logGroupClass
aws:dynamodb/table name hashKey rangeKey
aws:ebs/volume availabilityZone encrypted kmsKeyId snapshotId
aws:ec2/customerGateway ipAddress bgpAsn bgpAsnExtended type
aws:ec2/defaultSecurityGroup vpcId
aws:ec2/flowLog vpcId subnetId eniId logDestination logDestinationType trafficType iamRoleArn logFormat
aws:ec2/flowLog maxAggregationInterval
aws:ec2/instance ami subnetId availabilityZone associatePublicIpAddress keyName privateIp
aws:ec2/natGateway allocationId subnetId connectivityType privateIp
aws:ec2/route routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId
aws:ec2/routeTable vpcId
aws:ec2/routeTableAssociation subnetId gatewayId
aws:ec2/securityGroup name namePrefix description vpcId
aws:ec2/subnetCidrReservation subnetId cidrBlock reservationType description
aws:ec2/subnet vpcId cidrBlock availabilityZone availabilityZoneId ipv6Native outpostArn
aws:ec2/vpc cidrBlock ipv4IpamPoolId ipv4NetmaskLength
aws:ec2/vpcEndpoint vpcId serviceName vpcEndpointType
aws:ec2/vpnConnection type enableAcceleration tunnel1InsideCidr tunnel2InsideCidr
aws:ec2transitgateway/vpcAttachment transitGatewayId vpcId
aws:ecr/repository name encryptionConfigurations
aws:ecs/service name cluster launchType schedulingStrategy deploymentController.type
aws:ecs/taskDefinition * !tags !skipDestroy !trackLatest
aws:efs/fileSystem availabilityZoneName creationToken encrypted kmsKeyId performanceMode
aws:efs/mountTarget fileSystemId subnetId ipAddress
aws:eks/addon clusterName addonName
aws:eks/cluster name roleArn kubernetesNetworkConfig.serviceIpv4Cidr kubernetesNetworkConfig.ipFamily
aws:eks/cluster bootstrapSelfManagedAddons
aws:eks/nodeGroup clusterName nodeGroupName nodeRoleArn subnetIds instanceTypes amiType capacityType diskSize
aws:elasticache/replicationGroup replicationGroupId atRestEncryptionEnabled kmsKeyId subnetGroupName port
aws:elasticache/replicationGroup networkType dataTieringEnabled
aws:iam/policy name namePrefix path description
aws:iam/role name namePrefix path
aws:kinesis/stream name
aws:kms/alias name namePrefix
aws:kms/key customerMasterKeySpec keyUsage multiRegion customKeyStoreId xksKeyId
aws:kms/replicaKey primaryKeyArn
aws:lb/listener loadBalancerArn
aws:lb/loadBalancer name namePrefix internal loadBalancerType
aws:lb/targetGroup name namePrefix port protocol protocolVersion targetType vpcId
aws:rds/cluster clusterIdentifier engine engineMode databaseName masterUsername kmsKeyId storageEncrypted
aws:rds/cluster availabilityZones dbSubnetGroupName
aws:rds/clusterInstance identifier clusterIdentifier engine availabilityZone
aws:rds/instance engine kmsKeyId storageEncrypted dbName username availabilityZone characterSetName
aws:rds/instance snapshotIdentifier restoreToPointInTime s3Import timezone
aws:rds/instanceAutomatedBackupsReplication sourceDbInstanceArn retentionPeriod kmsKeyId preSignedUrl
aws:rds/parameterGroup name namePrefix family description
aws:rds/subnetGroup name namePrefix
aws:route53/healthCheck type requestInterval measureLatency referenceName
aws:route53/record zoneId name type setIdentifier
aws:route53/zone name delegationSetId
aws:s3/bucket bucket bucketPrefix objectLockEnabled
aws:secretsmanager/secret name namePrefix
aws:secretsmanager/secretVersion secretId
aws:sns/topic name namePrefix fifoTopic
aws:sqs/queue name namePrefix fifoQueue
"""

_GOOGLE = """
gcp:artifactregistry/repository repositoryId format kmsKeyName mode
gcp:bigquery/dataset datasetId
gcp:certificatemanager/certificate managed scope
gcp:certificatemanager/certificateMapEntry map hostname matcher
gcp:certificatemanager/dnsAuthorization domain type
gcp:compute/address address addressType purpose prefixLength network subnetwork networkTier ipVersion
gcp:compute/externalVpnGateway interfaces redundancyType
gcp:compute/globalAddress address addressType purpose prefixLength network ipVersion
gcp:compute/haVpnGateway network vpnInterfaces stackType gatewayIpVersion
gcp:compute/network description
gcp:compute/router network encryptedInterconnectRouter
gcp:compute/routerInterface router vpnTunnel ipRange interconnectAttachment subnetwork
gcp:compute/routerPeer router
gcp:compute/subnetwork network purpose description
gcp:compute/vPNTunnel sharedSecret vpnGateway vpnGatewayInterface peerExternalGateway peerExternalGatewayInterface
gcp:compute/vPNTunnel router ikeVersion
gcp:container/cluster network subnetwork description clusterIpv4Cidr ipAllocationPolicy networkingMode
gcp:container/cluster datapathProvider enableAutopilot defaultMaxPodsPerNode
gcp:container/cluster privateClusterConfig.masterIpv4CidrBlock
gcp:container/nodePool cluster initialNodeCount maxPodsPerNode namePrefix nodeConfig.serviceAccount
gcp:container/nodePool nodeConfig.oauthScopes nodeConfig.spot
gcp:dns/managedZone dnsName visibility
gcp:kms/cryptoKey keyRing purpose importOnly destroyScheduledDuration
gcp:organizations/project projectId !name
gcp:pubsub/subscription topic enableMessageOrdering filter
gcp:redis/instance tier authorizedNetwork connectMode customerManagedKey reservedIpRange transitEncryptionMode
gcp:secretmanager/secret secretId replication
gcp:serviceaccount/account accountId
gcp:servicenetworking/connection network service
gcp:sql/database instance
gcp:sql/databaseInstance encryptionKeyName masterInstanceName
gcp:sql/user instance host type
gcp:storage/bucket hierarchicalNamespace customPlacementConfig enableObjectRetention
"""

# The provider treats ConfigMaps and Secrets as immutable unless told otherwise, so that workloads roll over.
_KUBERNETES = {
    "apps/v1:DaemonSet": "spec.selector",
    "apps/v1:Deployment": "spec.selector",
    "apps/v1:StatefulSet": "spec.selector spec.serviceName spec.volumeClaimTemplates spec.podManagementPolicy",
    "batch/v1:Job": "spec.selector spec.template",
    "core/v1:ConfigMap": "data binaryData",
    "core/v1:PersistentVolumeClaim": "spec.accessModes spec.storageClassName spec.volumeName spec.selector",
    "core/v1:Secret": "data stringData type",
    "core/v1:Service": "spec.clusterIP",
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": "roleRef",
    "rbac.authorization.k8s.io/v1:RoleBinding": "roleRef",
    "storage.k8s.io/v1:StorageClass": "provisioner parameters reclaimPolicy volumeBindingMode",
}

_RANDOM = """
random:index/randomBytes *
random:index/randomId *
random:index/randomInteger *
random:index/randomPassword *
random:index/randomPet *
random:index/randomShuffle *
random:index/randomString *
random:index/randomUuid *
"""

REPLACED: Final[dict[str, frozenset[str]]] = {
    **_table(_AWS),
    **_table(_GOOGLE),
    **_table(_RANDOM),
    **{f"kubernetes:{kind}": frozenset(paths.split()) for kind, paths in _KUBERNETES.items()},
}
"""By type: property paths that replace, `*` for all, `!path` for one that does not although the rule says so."""
