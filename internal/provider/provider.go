package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/passthrough"
)

var (
	_ provider.Provider    = (*hscnProvider)(nil)
	_ passthrough.Observer = (*hscnProvider)(nil)
)

type hscnProvider struct {
	version string
	// current is what the latest Configure made; nil before one.
	current atomic.Pointer[session]
}

// Server makes the provider as Terraform is served it: every caller has one of its own. The version is the provider's,
// which the broker's log shows.
func Server(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := &hscnProvider{version: version}
		return passthrough.Wrap(providerserver.NewProtocol6(p)(), p)
	}
}

type providerModel struct {
	Endpoint              types.String `tfsdk:"endpoint"`
	Token                 types.String `tfsdk:"token"`
	Account               types.String `tfsdk:"account"`
	CACertificateFile     types.String `tfsdk:"ca_certificate_file"`
	ClientCertificateFile types.String `tfsdk:"client_certificate_file"`
	ClientKeyFile         types.String `tfsdk:"client_key_file"`
	PlanChecks            types.String `tfsdk:"plan_checks"`
	ChangeReference       types.String `tfsdk:"change_reference"`
	MaxRetries            types.Int64  `tfsdk:"max_retries"`
	RequestTimeout        types.String `tfsdk:"request_timeout"`
}

func (p *hscnProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "hscn"
	resp.Version = p.version
}

func (p *hscnProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Attaches environments in a cloud to HSCN, the UK's Health and Social Care Network, at a cloud service provider (CSP) " +
			"whose broker takes orders. What would be refused is said at plan time, with the reason and who can put it right.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The address of the CSP's broker, such as `https://broker.example`, without `/v1`. " +
					"It may be given as `HSCN_ENDPOINT` instead.",
			},
			"token": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "The token that the CSP gave you. It may be given as `HSCN_TOKEN` instead, which keeps it out of files.",
			},
			"account": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Your account at the CSP. It may be left out where the token has one account only, " +
					"and may be given as `HSCN_ACCOUNT` instead.",
			},
			"ca_certificate_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "A file of certificates in PEM that the broker's certificate is verified against, instead of those of the system. " +
					"It may be given as `HSCN_CA_CERTIFICATE_FILE` instead.",
			},
			"client_certificate_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "A file with your certificate in PEM, and those between it and its authority, for a broker that asks for one (mutual TLS). " +
					"It may be given as `HSCN_CLIENT_CERTIFICATE_FILE` instead.",
			},
			"client_key_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "A file with the key of that certificate in PEM. " +
					"It may be given as `HSCN_CLIENT_KEY_FILE` instead.",
			},
			"plan_checks": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(planChecksValues()...)},
				MarkdownDescription: "What an unmet precondition does to a plan: `enforce` (the default) makes it an error, `warn` a warning, " +
					"and `off` does not check. The broker checks every order, whatever is set here. " +
					"It may be given as `HSCN_PLAN_CHECKS` instead.",
			},
			"change_reference": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.UTF8LengthAtMost(128)},
				MarkdownDescription: "A change number of yours, which the broker keeps in the audit entry of everything that is ordered. " +
					"It may be given as `HSCN_CHANGE_REFERENCE` instead.",
			},
			"max_retries": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{int64validator.Between(0, 100)},
				MarkdownDescription: fmt.Sprintf("How often a request is sent again when the broker is overloaded or the connection breaks; %d where it is left out. "+
					"Nothing is ever ordered twice by it. It may be given as `HSCN_MAX_RETRIES` instead.", client.DefaultMaxRetries),
			},
			"request_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{durationValidator{}},
				MarkdownDescription: fmt.Sprintf("How long one request may take, such as `10s` or `1m`; `%s` where it is left out. A plan waits for the facts "+
					"that it judges by no longer than this, all together. It may be given as `HSCN_REQUEST_TIMEOUT` instead.", client.DefaultRequestTimeout),
			},
		},
	}
}

func (p *hscnProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := newSession()
	p.current.Store(s)
	resp.ResourceData, resp.DataSourceData = s, s

	if unknown := config.unknown(); len(unknown) > 0 {
		s.unknown = true
		resp.Diagnostics.AddWarning("The provider's configuration is not known yet", fmt.Sprintf(
			"%s depends on something that is only made in the apply. So nothing was asked of the broker: what is planned was not checked, "+
				"and what exists was not read again. The apply does both. To have it in the plan, make first what it depends on (-target).",
			strings.Join(unknown, ", ")))
		return
	}
	resp.Diagnostics.Append(s.configure(config.settings(os.LookupEnv), fmt.Sprintf(
		"terraform-provider-hscn/%s (terraform/%s)", p.version, cmp.Or(req.TerraformVersion, "unknown")))...)
}

// InState is told of every object in Terraform's state, which is for the ledger.
func (p *hscnProvider) InState(resourceType, id string) {
	s := p.current.Load()
	if s == nil {
		return
	}
	for _, kind := range kinds() {
		if kindOf(kind).resource() == resourceType {
			s.ledger.InState(kind, id)
		}
	}
}

func (p *hscnProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newConnectionResource, newEdgeAttachmentResource, newAgreementEvidenceResource}
}

func (p *hscnProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newPolicyDataSource, newServiceDataSource, newServicesDataSource, newGatewaysDataSource,
		newConnectionDataSource, newConnectionsDataSource, newOrganisationDataSource, newAgreementDataSource, newPreconditionsDataSource,
	}
}

// unknown returns the names of the attributes that are not known yet.
func (m providerModel) unknown() []string {
	attributes := map[string]interface{ IsUnknown() bool }{
		"endpoint": m.Endpoint, "token": m.Token, "account": m.Account,
		"ca_certificate_file": m.CACertificateFile, "client_certificate_file": m.ClientCertificateFile, "client_key_file": m.ClientKeyFile,
		"plan_checks": m.PlanChecks, "change_reference": m.ChangeReference, "max_retries": m.MaxRetries, "request_timeout": m.RequestTimeout,
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(attributes)), func(name string) bool { return !attributes[name].IsUnknown() })
}

// setting is a value of the configuration and where it comes from.
type setting struct {
	attribute, variable string
	value               string
	fromEnvironment     bool
}

// settings are the known values of a configuration, each from its attribute or else from its environment variable. An
// empty string is as good as none: that is what modules and CI systems pass on where nothing was given.
func (m providerModel) settings(lookup func(string) (string, bool)) map[string]setting {
	given := map[string]string{
		"endpoint": m.Endpoint.ValueString(), "token": m.Token.ValueString(), "account": m.Account.ValueString(),
		"ca_certificate_file": m.CACertificateFile.ValueString(), "client_certificate_file": m.ClientCertificateFile.ValueString(),
		"client_key_file": m.ClientKeyFile.ValueString(), "plan_checks": m.PlanChecks.ValueString(),
		"change_reference": m.ChangeReference.ValueString(), "request_timeout": m.RequestTimeout.ValueString(),
		"max_retries": "",
	}
	if !m.MaxRetries.IsNull() {
		given["max_retries"] = strconv.FormatInt(m.MaxRetries.ValueInt64(), 10)
	}
	settings := make(map[string]setting, len(given))
	for attribute, value := range given {
		s := setting{attribute: attribute, variable: "HSCN_" + strings.ToUpper(attribute), value: value}
		if value == "" {
			s.value, s.fromEnvironment = lookup(s.variable)
			s.fromEnvironment = s.fromEnvironment && s.value != ""
		}
		settings[attribute] = s
	}
	return settings
}

// wrong says what is wrong with a setting where the user can find it.
func (s setting) wrong(detail string) diag.Diagnostic {
	if s.fromEnvironment {
		return diag.NewErrorDiagnostic("Invalid value of "+s.variable, detail)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(s.attribute), "Invalid provider configuration", detail)
}

// configure makes the client and what hangs on it. That endpoint or token is missing is no error before something has to
// be asked: a plan that touches nothing of HSCN needs neither.
func (s *session) configure(settings map[string]setting, userAgent string) diag.Diagnostics {
	var diags diag.Diagnostics
	checks := settings["plan_checks"]
	s.checks = planChecks(cmp.Or(checks.value, string(checksEnforce)))
	s.howToDestroy = howToDestroy(checks.value != "" && !checks.fromEnvironment)
	if !slices.Contains(planChecksValues(), string(s.checks)) {
		diags.Append(settings["plan_checks"].wrong(fmt.Sprintf("%q is none of %s.", s.checks, strings.Join(planChecksValues(), ", "))))
	}
	config := client.Config{
		Endpoint: settings["endpoint"].value, Token: settings["token"].value, Account: settings["account"].value,
		CACertificateFile: settings["ca_certificate_file"].value, ClientCertificateFile: settings["client_certificate_file"].value,
		ClientKeyFile: settings["client_key_file"].value, ChangeReference: settings["change_reference"].value,
		MaxRetries: client.DefaultMaxRetries, RequestTimeout: client.DefaultRequestTimeout, UserAgent: userAgent,
		Logger: func(ctx context.Context, message string, fields map[string]any) { tflog.Debug(ctx, message, fields) },
	}
	if text := settings["max_retries"].value; text != "" {
		retries, err := strconv.Atoi(text)
		if err != nil || retries < 0 {
			diags.Append(settings["max_retries"].wrong(fmt.Sprintf("%q is not a number of times, such as 4.", text)))
		}
		config.MaxRetries = retries
	}
	if text := settings["request_timeout"].value; text != "" {
		timeout, err := parseDuration(text)
		if err != nil {
			diags.Append(settings["request_timeout"].wrong(err.Error()))
		}
		config.RequestTimeout = timeout
	}
	s.endpoint = config.Endpoint
	s.missing = slices.DeleteFunc([]string{"endpoint", "token"}, func(name string) bool { return settings[name].value != "" })
	if len(s.missing) > 0 || diags.HasError() {
		return diags
	}

	made, err := client.New(config)
	var wrong *client.ConfigError
	switch {
	case errors.As(err, &wrong):
		diags.Append(settings[configAttributes[wrong.Field]].wrong(fmt.Sprintf("This cannot be used: %s.", wrong.Err)))
	case err != nil:
		diags.AddError("Error configuring the provider", err.Error())
	default:
		s.client, s.facts = made, made.NewFacts()
	}
	return diags
}

// configAttributes are the attributes that the fields of a client.ConfigError come from.
var configAttributes = map[string]string{
	"Endpoint": "endpoint", "Token": "token", "Account": "account", "ChangeReference": "change_reference",
	"CACertificateFile":     "ca_certificate_file",
	"ClientCertificateFile": "client_certificate_file", "ClientKeyFile": "client_key_file",
}

// parseDuration reads a length of time that is longer than nothing.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a length of time, such as 30s, 5m or 1h30m", text)
	}
	return d, nil
}
